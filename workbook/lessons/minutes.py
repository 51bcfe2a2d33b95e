"""How long a lesson takes, from what is in it: words to read, cells to run and look at, exercises to write."""

from pathlib import Path

from workbook.lessons import notebooks

WORDS_A_MINUTE = 180  # for technical prose, on a screen
MINUTES_A_CELL = 0.4  # to read a cell of code, run it and look at what it shows
STEP = 5  # lessons say how long they take in steps of so many minutes


def minutes(source: Path, exercises: int) -> int:
    """The minutes that a lesson takes.

    Args:
        source: its percent file.
        exercises: the minutes of its exercises together.

    Returns:
        Whole minutes, rounded up to the next five.
    """
    words, cells = 0, 0
    for cell in notebooks.build(source, solved=False).cells:
        if cell.cell_type == "markdown":
            words += len(cell.source.split())
        elif not _is_optional(cell):
            cells += 1
    total = words / WORDS_A_MINUTE + cells * MINUTES_A_CELL + exercises
    return -int(-total // STEP) * STEP


def _is_optional(cell) -> bool:
    """A hint or a solution, commented out; or an exercise, whose minutes count by themselves."""
    return cell.source.startswith("# ") or any(
        tag.startswith(notebooks.EXERCISE) for tag in cell.metadata.get("tags", [])
    )
