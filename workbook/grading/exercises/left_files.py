"""The files that an answer has left in its folder, without those of the grader."""

from pathlib import Path

from workbook.grading.sandbox import Answer

OURS = {"answer.py", "queries.jsonl", "output.txt", "stacks.txt", "flow_run"}


def left_files(answer: Answer) -> list[Path]:
    """The files in the folder and below, in the order of their paths."""
    return sorted(file for file in answer.folder.rglob("*") if file.is_file() and file.name not in OURS)
