"""Which cells of a notebook have run: so that `check` can tell a function whose cell was changed and run since.

Where a cell fails before it defines its function, or defines one of another name, the notebook keeps the former one.
"""

import functools
import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Ran:
    cell: str | None  # its id, where the notebook's server gives one
    text: str
    file: str  # the name under which its code is compiled


_runs: list[_Ran] = []


@functools.cache
def watch(shell: Any) -> None:
    """Note each cell that runs in this kernel from now on."""

    def note(info: Any) -> None:
        _runs.append(_Ran(info.cell_id, info.raw_cell, shell.compile.get_code_name(info.raw_cell, info.raw_cell, 0)))

    shell.events.register("pre_run_cell", note)


def changed(answer: Any) -> bool:
    """Whether the cell that defined a function has run since with another text, and did not define it again.

    It is that cell by its id, or as one that says `def` and the function's name. What cannot be known is no change.
    """
    function = getattr(answer, "fn", answer)
    code = getattr(function, "__code__", None)
    own = [place for place, ran in enumerate(_runs) if code and ran.file == code.co_filename]
    if not own or function.__globals__.get(code.co_name) is not answer:
        return False
    cell, defines = _runs[own[-1]].cell, re.compile(rf"^(async )?def {re.escape(code.co_name)}\(", re.MULTILINE)
    later = _runs[own[-1] + 1 :]
    return any((cell and ran.cell == cell) or defines.search(ran.text) for ran in later)
