"""A function of a notebook, on its way to the process that grades it."""

import io
import linecache
import os
import threading
from typing import Any

import cloudpickle

from workbook.grading.model import Source
from workbook.grading.sandbox import AnswerAborted
from workbook.grading.submissions import code_of


class _Pickler(cloudpickle.Pickler):
    """Pickles a notebook's function with what it refers to, some of which must be the other process's own."""

    def reducer_override(self, thing: Any) -> Any:
        if thing is os.environ:
            return getattr, (os, "environ")  # not a copy of the notebook's, which would stay as it is now
        if isinstance(thing, (type(threading.Lock()), type(threading.RLock()))):
            return type(thing), ()
        return super().reducer_override(thing)


def pack(entry: Any, name: str) -> Source:
    """A function or flow of a notebook as an answer.

    Raises:
        AnswerAborted: it holds something that cannot be sent to another process.
    """
    code = code_of(entry)
    try:
        with io.BytesIO() as file:
            _Pickler(file).dump(entry)
            pickled = file.getvalue()
    except Exception as error:  # whatever kept it, pickle says it in its own words
        raise AnswerAborted(
            "load",
            f"Your answer can't be sent to the grading process ({error}): open files and connections inside the "
            "function that uses them.",
        ) from None
    return Source(name, "".join(linecache.getlines(code.co_filename)) if code else "", pickled)
