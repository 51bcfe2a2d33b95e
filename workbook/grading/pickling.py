"""A function of a notebook, on its way to the process that grades it."""

import functools
import io
import linecache
import os
import threading
from collections.abc import Callable
from typing import Any

import cloudpickle

from workbook.grading.model import Source
from workbook.grading.sandbox import AnswerAborted
from workbook.grading.submissions import code_of

_CACHED = type(functools.cache(lambda: None))


def cached(function: Callable, parameters: dict[str, Any]) -> Callable:
    """A function under `functools.lru_cache` again, in the process that it was sent to."""
    return functools.lru_cache(**parameters)(function)


class _Pickler(cloudpickle.Pickler):
    """Pickles a notebook's function with what it refers to, some of which must be the other process's own."""

    def reducer_override(self, thing: Any) -> Any:
        if thing is os.environ:
            return getattr, (os, "environ")  # not a copy of the notebook's, which would stay as it is now
        for make in (threading.Lock, threading.RLock):
            if isinstance(thing, type(make())):
                return make, ()  # the type of a lock can't be found by its name in Python 3.11 and 3.12
        if isinstance(thing, _CACHED) and thing.__module__ == "__main__":
            return cached, (thing.__wrapped__, thing.cache_parameters())
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
