"""The lessons' one source, and the two notebooks that are made of it.

`solutions/NN_name.py` is a notebook in percent format with every exercise solved. Between `# >>> your code` and
`# <<< your code` stands what the learner is to write; the learner's copy has a stub there, and is the same elsewhere.
A stub of the author's own follows a line `# --- stub` inside the marks, each of its lines commented out. In a cell
tagged `guess` the author's guesses become `...` for the learner.
"""

import ast
import re
import textwrap
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from workbook import paths
from workbook.lessons import slides

BEGIN, STUB, END = "# >>> your code", "# --- stub", "# <<< your code"
EXERCISE, SETUP = "exercise-", "setup"  # tags of cells: an exercise's answer, and what every answer stands on
LANGUAGE = {  # as a kernel of any version writes it: without it, `jupyter nbconvert --to script` writes a .txt
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
GUESS = "guess"  # the tag of a cell with a guess


class MarkError(ValueError):
    """A source's marks are not in order; the message says where, and what is missing."""


def sources() -> list[Path]:
    """The source of every lesson, in order."""
    return sorted((paths.ROOT / "solutions").glob("[0-9][0-9]_*.py"))


def pages() -> list[Path]:
    """The sources of the notebooks that are no lessons and have no exercises: they are built once, for the learner."""
    return [paths.ROOT / "solutions" / f"{name}.py" for name in ("playground", "demonstration")]


def learner_notebook(source: Path) -> Path:
    """Where the learner's copy of a lesson is."""
    return paths.ROOT / "notebooks" / f"{source.stem}.ipynb"


def build(source: Path, solved: bool) -> NotebookNode:
    """One of the two notebooks of a lesson, without outputs: the same bytes from the same source.

    Args:
        source: the lesson's percent file.
        solved: with the answers, or with stubs.

    Raises:
        MarkError: its marks are not in order.
    """
    import jupytext  # loads half of Jupyter's server, which an answer that is only graded has no use for

    text = source.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    for place, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem.partition('_')[0]}-{place:03d}"
        tags = cell.metadata.get("tags", [])
        slide = NotebookNode({"slide_type": slides.slide_type(cell)})
        cell.metadata = NotebookNode({"slideshow": slide} | ({"tags": tags} if tags else {}))
        if cell.cell_type == "code":
            ids = [tag.removeprefix(EXERCISE) for tag in tags if tag.startswith(EXERCISE)]
            cell.source = _chosen(cell.source, solved, ids[0] if ids else "", source)
            if GUESS in tags and not solved:
                cell.source = re.sub(r"(?<=\w=)(?:\"[^\"]*\"|[\w.-]+)", "...", cell.source)
    notebook.metadata = NotebookNode(
        {
            "kernelspec": {"display_name": paths.KERNEL_NAME, "language": "python", "name": paths.KERNEL},
            "language_info": LANGUAGE,
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def cell_of(exercise_id: str, solved: bool) -> str:
    """The cell of an exercise, with the workbook's own answer or with the stub.

    Raises:
        LookupError: no lesson has a cell for it.
    """
    for source in sources():
        if f'"{EXERCISE}{exercise_id}"' not in source.read_text(encoding="utf-8"):
            continue
        for cell in build(source, solved).cells:
            if EXERCISE + exercise_id in cell.metadata.get("tags", []):
                return cell.source
    raise LookupError(f"No lesson has a cell with the tag {EXERCISE}{exercise_id}.")


def stub(exercise_id: str) -> str:
    """The cell of an exercise as the learner first finds it.

    Raises:
        LookupError: no lesson has a cell for it.
    """
    return cell_of(exercise_id, solved=False)


def solution(exercise_id: str) -> str:
    """The cell of an exercise with the workbook's own answer.

    Raises:
        LookupError: no lesson has a cell for it.
    """
    lines = cell_of(exercise_id, solved=True).splitlines()
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


def answers(notebook: NotebookNode) -> dict[str, str]:
    """The answers in a notebook, by exercise id: the cells marked for it, after the cells marked as set-up.

    Between them stand the imports and definitions of other cells above that the answer uses: in the notebook it has
    them, too.
    """
    setup, found, above = [], {}, []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code":
            continue
        plain = "\n".join(line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!")))
        if SETUP in tags:
            setup.append(plain)
        for tag in tags:
            if tag.startswith(EXERCISE):
                exercise = tag.removeprefix(EXERCISE)
                found[exercise] = [*found.get(exercise, _definitions(plain, above)), plain]
        if SETUP not in tags and not re.match(r"\s*%%(?!time|capture)", cell.source):  # %%writefile: text, not code
            above.append(plain)
    return {exercise: "\n\n".join([*setup, *parts]) for exercise, parts in found.items()}


def _definitions(text: str, above: list[str]) -> list[str]:
    """The imports, functions and classes of these cells that a text uses, and those that they use, in their order."""
    statements = [statement for cell in above for statement in parsed(cell).body]
    defined = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    known = {name: one for one in statements if isinstance(one, defined) for name in _names(one)[0]}
    needed, looked = set(), [parsed(text)]
    bound = _names(looked[0], deep=True)[0]
    while looked:
        for name in _names(looked.pop())[1] & (known.keys() - bound):
            if known[name] not in needed:
                needed.add(known[name])
                looked.append(known[name])
    return [ast.unparse(one) for one in statements if one in needed]


def _names(tree: ast.AST, deep: bool = False) -> tuple[set[str], set[str]]:
    """The names that code binds (a statement itself; if deep, also what is inside it), and those that it reads."""
    bound: set[str] = set()
    for node in ast.walk(tree) if deep else [tree]:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(name.asname or name.name).partition(".")[0] for name in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return bound, read


def parsed(text: str) -> ast.Module:
    """A text's syntax tree; an empty one if Python can't read it."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):  # whoever runs it says what is wrong
        return ast.Module([], [])


def read(path: Path, timeout: float = 2) -> NotebookNode:
    """A notebook as it is on the disk.

    Args:
        path: the file.
        timeout: seconds for which a file that is no notebook may become one. Jupyter saves in place: for a moment
            the file is empty, or a part of itself.

    Raises:
        OSError: there is no such file.
        nbformat.reader.NotJSONError: it is no notebook.
    """
    until = time.monotonic() + timeout
    while True:
        try:
            return nbformat.read(path, as_version=4)
        except nbformat.reader.NotJSONError:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)  # between two looks


def _chosen(code: str, solved: bool, exercise_id: str, source: Path) -> str:
    """A cell's code with the answer, or with the stub, between its marks."""
    kept: list[str] = []
    answer: list[str] | None = None  # None outside of marks
    own_stub: list[str] | None = None
    indent = ""
    for line in code.splitlines():
        mark = line.strip()
        wrong = {BEGIN: answer is not None, STUB: answer is None or own_stub is not None, END: answer is None}
        if wrong.get(mark):
            raise MarkError(f"{source.name}: {mark!r} is out of place in a cell for {exercise_id or 'no exercise'!r}.")
        if mark == BEGIN:
            answer, own_stub, indent = [], None, line[: len(line) - len(line.lstrip())]
            kept.append(line)
        elif mark == STUB:
            own_stub = []
        elif mark == END:
            while answer and not answer[-1].strip():
                answer.pop()
            lines = answer if solved else own_stub if own_stub is not None else [_to_do(exercise_id, answer, indent)]
            kept += [*lines, line]
            answer = None
        elif answer is None:
            kept.append(line)
        elif own_stub is not None:
            own_stub.append(re.sub(r"^(\s*)# ?", r"\1", line))
        else:
            answer.append(line)
    if answer is not None:
        raise MarkError(f"{source.name}: {BEGIN!r} has no {END!r} in a cell for {exercise_id or 'no exercise'!r}.")
    return "\n".join(kept)


def _to_do(exercise_id: str, answer: list[str], indent: str) -> str:
    lines = sum(bool(line.strip()) for line in textwrap.dedent("\n".join(answer)).splitlines())
    return f'{indent}raise NotImplementedError("{exercise_id}: about {lines} line{"s" if lines != 1 else ""}")'
