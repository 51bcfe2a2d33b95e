"""One source, two notebooks: what differs, what is marked, what a builder must refuse."""

import difflib
import re
import subprocess
import sys
import threading

import nbformat
import pytest

from conftest import CHECKOUT
from workbook.grading import exercises, model, submissions
from workbook.lessons import minutes, notebooks
from workbook.lessons.notebooks import BEGIN, END, STUB, MarkError

LESSONS = notebooks.sources()
OF_LESSON = pytest.mark.parametrize("source", LESSONS, ids=lambda source: source.stem)
KINDS = {"write", "fix", "predict", "choose"}


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def without_outputs(notebook) -> list[tuple]:
    marks = ("tags", "slideshow")
    return [(cell.id, cell.cell_type, cell.source, *map(cell.metadata.get, marks)) for cell in notebook.cells]


def number(source) -> int:
    return int(source.stem[:2])


def cells_of(source, kind: str) -> list[str]:
    return [cell.source for cell in notebooks.build(source, solved=True).cells if cell.cell_type == kind]


def test_every_lesson_and_every_exercise_has_its_notebook():
    assert [source.stem[:2] for source in LESSONS] == [f"{number:02d}" for number in exercises.LESSONS]
    for exercise in exercises.all_exercises():
        text = notebooks.stub(exercise.id)
        assert submissions.untouched(exercise.id, model.Source(exercise.entry, text)), exercise.id


@OF_LESSON
def test_the_built_files_match_their_source(source):
    for solved, file in ((False, notebooks.learner_notebook(source)), (True, source.with_suffix(".ipynb"))):
        assert without_outputs(notebooks.read(file)) == without_outputs(notebooks.build(source, solved)), (
            f"{file.name} is not what {source.name} gives: run `make notebooks`"
        )
    assert all(not cell.outputs for cell in code_cells(notebooks.read(notebooks.learner_notebook(source))))


@pytest.mark.second
def test_every_notebook_says_that_it_is_python(tmp_path):
    """So that `jupyter nbconvert --to script` writes Python, in a file that ends in .py."""
    first, *_ = files = [notebooks.learner_notebook(source) for source in (*LESSONS, *notebooks.pages())]
    for file in [*files, *(source.with_suffix(".ipynb") for source in LESSONS)]:
        assert notebooks.read(file).metadata["language_info"] == notebooks.LANGUAGE, file
    command = [sys.executable, "-m", "nbconvert", "--to", "script", "--output-dir", tmp_path, first]
    subprocess.run(command, check=True, capture_output=True)
    compile((tmp_path / f"{first.stem}.py").read_text(encoding="utf-8"), first.name, "exec")


@OF_LESSON
def test_building_twice_gives_the_same_bytes(source):
    first, second = (nbformat.writes(notebooks.build(source, solved=True)) for _ in range(2))
    assert first == second


@OF_LESSON
def test_the_copies_differ_only_between_the_marks(source):
    """And the learner's copy holds nothing of the answers."""
    pairs = zip(notebooks.build(source, False).cells, notebooks.build(source, True).cells, strict=True)
    for mine, solved in pairs:
        if "guess" in solved.metadata.get("tags", []):
            assert re.sub(r"=\.\.\.", "", mine.source).count("=") == 1, "a guess that the learner finds made"
            continue
        theirs, inside = solved.source.splitlines(), False
        outside = {BEGIN, END}
        for line in theirs:
            inside = (inside or line.strip() == BEGIN) and line.strip() != END
            if not inside:
                outside.add(line)
        for change in difflib.ndiff(theirs, mine.source.splitlines()):
            if change.startswith("- "):
                assert change[2:] not in outside or theirs.count(change[2:]) > 1, change
        if mine.source != solved.source:
            assert "NotImplementedError" in mine.source and "NotImplementedError" not in solved.source


@OF_LESSON
def test_cells_are_short(source):
    for cell in code_cells(notebooks.build(source, solved=True)):
        lines = cell.source.splitlines()
        answer = any(tag.startswith("exercise-") for tag in cell.metadata.get("tags", []))
        assert len(lines) <= 20 or answer, f"{len(lines)} lines: {lines[0]}"


@OF_LESSON
def test_every_figure_has_a_text_alternative(source):
    outputs = [out for cell in code_cells(notebooks.read(source.with_suffix(".ipynb"))) for out in cell.outputs]
    pictures = [out.data for out in outputs if "data" in out and "<img" in out.data.get("text/html", "")]
    assert all(re.search(r'<img alt="[^"]{20,}"', shown["text/html"]) and shown["text/plain"] for shown in pictures)
    assert not any("image/png" in out.data for out in outputs if "data" in out)


@OF_LESSON
def test_at_least_two_facts_are_compared(source):
    cells = [c for c in notebooks.build(source, True).cells if "nbval-check-output" in c.metadata.get("tags", [])]
    assert len(cells) >= 2


@OF_LESSON
def test_the_stated_minutes_are_honest(source):
    exercise = sum(exercise.minutes for exercise in exercises.of_lesson(number(source)))
    stated = int(re.search(r"\*\*(\d+) minutes\*\*", cells_of(source, "markdown")[0])[1])
    assert stated == minutes.minutes(source, exercise) and stated <= 45


@OF_LESSON
def test_every_guess_is_answered_and_what_is_run_is_on_the_page(source):
    asked = ""
    for code in cells_of(source, "code"):
        if "predict(" in code and "= predict(" in code:
            assert not asked, f"nobody answers {asked}"
            asked = code
        if "guess.compare(" in code:
            asked = ""
        assert not re.search(r"\b(pitfalls|patterns)\.\w+_(wrong|right|flow)", code), code
    assert not asked, f"nobody answers {asked}"


@OF_LESSON
def test_a_lesson_ends_with_what_to_remember_and_where_to_read_on(source):
    text = "\n".join(cells_of(source, "markdown"))
    for wanted in ("## Three lines to remember", "](https://docs.prefect.io/v3/", "cheat_sheet.md", "glossary.md"):
        assert wanted in text, wanted


@OF_LESSON
def test_its_exercises_differ_in_kind_and_say_why_they_work(source):
    found = exercises.of_lesson(number(source))
    assert len({exercise.kind for exercise in found}) >= 2 and {exercise.kind for exercise in found} <= KINDS
    for exercise in found:
        assert exercise.why and exercise.variation and 2 <= len(exercise.hints) <= 3, exercise.id
        # A hint is a nudge: it never holds all lines of the answer.
        body = re.search(rf"{BEGIN}\n(.*?)(?:{STUB}|{END})", notebooks.cell_of(exercise.id, True), re.DOTALL)[1]
        lines = [line.strip() for line in body.splitlines() if line.strip()]
        for hint in exercise.hints:
            assert not all(line in hint for line in lines), f"a hint of {exercise.id} is the answer"


@pytest.mark.parametrize(
    "code",
    [f"{BEGIN}\nx = 1", f"x = 1\n{END}", f"{BEGIN}\n{BEGIN}\n{END}", "# --- stub\nx = 1", f"{BEGIN}\n{END}\n{END}"],
)
def test_marks_that_are_not_in_order_are_refused(tmp_path, code):
    file = tmp_path / "03_broken.py"
    file.write_text(f'# %% tags=["exercise-3.1"]\n{code}\n', encoding="utf-8")
    with pytest.raises(MarkError, match=r"03_broken\.py: .* in a cell for '3\.1'"):
        notebooks.build(file, solved=False)


def test_stubs(tmp_path):
    file = tmp_path / "03_sample.py"
    file.write_text(
        '# %% tags=["exercise-3.1"]\ndef one():\n    # >>> your code\n    a = 1\n\n    return a\n    # <<< your code\n'
        '# %% tags=["exercise-3.2"]\ndef two():\n    # >>> your code\n    return 2\n    # --- stub\n    # x = 3\n'
        "    # if x:\n    #     return x\n    # <<< your code\n",
        encoding="utf-8",
    )
    one, two = (cell.source for cell in notebooks.build(file, solved=False).cells)
    assert one == (f'def one():\n    {BEGIN}\n    raise NotImplementedError("3.1: about 2 lines")\n    {END}')
    assert two == f"def two():\n    {BEGIN}\n    x = 3\n    if x:\n        return x\n    {END}"
    solved = notebooks.build(file, solved=True).cells[1].source
    assert solved == f"def two():\n    {BEGIN}\n    return 2\n    {END}"


@pytest.mark.slow
def test_nbval_catches_a_broken_lesson(tmp_path, prefect_server):
    """A fact that is not so, and a cell that raises: both fail, and no other cell does."""
    notebook = notebooks.read(LESSONS[0].with_suffix(".ipynb"))
    notebook.cells.append(nbformat.v4.new_code_cell("assert observe is None"))
    facts = [cell for cell in notebook.cells if "nbval-check-output" in cell.metadata.get("tags", [])]
    facts[0].outputs[0]["text"] = facts[0].outputs[0]["text"].replace("1", "7")
    nbformat.write(notebook, tmp_path / "broken.ipynb")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        CHECKOUT / "pyproject.toml",
        "-p",
        "no:xdist",
        "-p",
        "no:cacheprovider",
    ]
    ran = subprocess.run([*command, "--rootdir", tmp_path, tmp_path / "broken.ipynb"], capture_output=True, text=True)
    assert ran.returncode == 1
    found = re.findall(r"^FAILED \S*broken\.ipynb::Cell (\d+)", ran.stdout, re.MULTILINE)
    assert len(found) == 2, ran.stdout
    code = code_cells(notebook)
    assert [code[int(number)] for number in found] == [facts[0], notebook.cells[-1]]


def test_a_notebook_is_read_while_jupyter_saves_it(tmp_path):
    """JupyterLab empties the file before it writes: whoever looks just then waits for the rest."""
    file, whole = tmp_path / "saved.ipynb", notebooks.learner_notebook(LESSONS[0]).read_text(encoding="utf-8")
    file.write_text(whole[:100], encoding="utf-8")
    rest = threading.Timer(0.2, file.write_text, (whole,))
    rest.start()
    try:
        assert notebooks.read(file, timeout=60).cells == notebooks.read(notebooks.learner_notebook(LESSONS[0])).cells
    finally:
        rest.join()
    file.write_text("{", encoding="utf-8")
    with pytest.raises(nbformat.reader.NotJSONError):
        notebooks.read(file, timeout=0)


def test_save_of_lesson_4_takes_the_path_that_the_flow_is_given(tmp_path):
    """`checkpoint` is text, and `save(checkpoint, answers)` is what a learner tries first."""
    (source,) = (source for source in LESSONS if source.stem == "04_batches")
    (cell,) = (cell for cell in code_cells(notebooks.build(source, solved=False)) if "def save(" in cell.source)
    names: dict = {}
    exec(cell.source, names)
    for file in (tmp_path / "one.json", str(tmp_path / "other.json")):
        names["save"](file, {"3": []})
    assert [file.read_text(encoding="utf-8") for file in sorted(tmp_path.iterdir())] == ['{"3": []}'] * 2
