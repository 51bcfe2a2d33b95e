"""Build the notebooks from their one source in `solutions/`: the learner's copies, and the solved ones, run.

python scripts/build_notebooks.py              # all of them
python scripts/build_notebooks.py 03 04        # these lessons
python scripts/build_notebooks.py --no-run     # without executing: cells that have not changed keep their outputs
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import _start  # noqa: F401
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from workbook import paths, server
from workbook.lessons import notebooks
from workbook.prefect_server import local


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="two digits each (default: all)")
    parser.add_argument("--no-run", action="store_true", help="do not execute the solved copies")
    wanted = parser.parse_args()
    chosen = [s for s in notebooks.sources() if not wanted.lessons or s.stem[:2] in wanted.lessons]
    if not chosen:
        sys.exit(f"Error: no lesson has the number {', '.join(wanted.lessons)}: they are two digits, as 03.")
    try:
        for source in [] if wanted.lessons else notebooks.pages():
            _write(notebooks.build(source, solved=False), notebooks.learner_notebook(source))
        if not wanted.no_run:
            server.ensure()
        for source in chosen:
            _write(notebooks.build(source, solved=False), notebooks.learner_notebook(source))
            solved = notebooks.build(source, solved=True)
            if wanted.no_run:
                _keep_outputs(solved, source.with_suffix(".ipynb"))
            else:
                print(f"Running {source.stem} …", flush=True)
                NotebookClient(
                    solved, timeout=180, kernel_name="python3", record_timing=False,
                    resources={"metadata": {"path": source.parent}},
                ).execute()  # fmt: skip
                _settle(solved)
            _write(solved, source.with_suffix(".ipynb"))
    except (notebooks.MarkError, local.ServerError) as error:
        sys.exit(f"Error: {error}")
    except CellExecutionError as error:
        sys.exit(f"Error: a cell of {source.stem} failed, and its notebook was left as it was:\n{error}")


def _keep_outputs(notebook: nbformat.NotebookNode, former: Path) -> None:
    """Give each code cell what the same cell shows in the notebook that was there before, after a change in prose."""
    shown = defaultdict(list)
    for cell in notebooks.read(former).cells if former.exists() else ():
        if cell.cell_type == "code":
            shown[cell.source].append(cell)
    for cell in notebook.cells:
        if cell.cell_type == "code" and shown[cell.source]:
            same = shown[cell.source].pop(0)
            cell.outputs, cell.execution_count = same.outputs, same.execution_count


def _settle(notebook: nbformat.NotebookNode) -> None:
    """Keep what a reader sees, and not the log lines and addresses of the machine that ran it."""
    notebook.metadata["language_info"] = notebooks.LANGUAGE
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
            for out in cell.outputs:
                if "text" in out:
                    out.text = out.text.replace(str(paths.home()), ".workbook")


def _write(notebook: nbformat.NotebookNode, path) -> None:
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    print(f"Wrote {path.relative_to(paths.ROOT)}", flush=True)


if __name__ == "__main__":
    main()
