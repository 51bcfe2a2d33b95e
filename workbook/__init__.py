"""What learners and scripts use: a Prefect server, a look at how a flow ran, guesses, and checks.

Importing this package is cheap: Prefect and matplotlib are loaded on first use, and Prefect must be, because it
reads its settings when it is imported and `server.ensure()` has to put them in place first.
"""

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

_FUNCTIONS = {
    "observe": "workbook.runs.observation",
    "observe_run": "workbook.runs.records",
    "live": "workbook.figures.live",
    "race": "workbook.races.run",
    "playground": "workbook.races.playground",
    "check": "workbook.grading.notebook",
    "hint": "workbook.grading.notebook",
    "solution": "workbook.grading.notebook",
    "predict": "workbook.lessons.predictions",
    "progress_report": "workbook.grading.notebook",
}  # name → the module it lives in
__all__ = [*_FUNCTIONS, "server"]  # noqa: F822  (by __getattr__)


def __getattr__(name: str) -> Any:
    if name == "server":
        return importlib.import_module("workbook.server")
    if name in _FUNCTIONS:
        return _real(name) if "prefect" in sys.modules else _loaded_when_called(name)
    raise AttributeError(f"module 'workbook' has no attribute {name!r}")


def _real(name: str) -> Callable:
    return getattr(importlib.import_module(_FUNCTIONS[name]), name)


@functools.cache
def _loaded_when_called(name: str) -> Callable:
    """What `from workbook import observe, server` gives before `server.ensure()`: it must not load Prefect yet."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return _real(name)(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"See `help({_FUNCTIONS[name]}.{name})`."
    return function
