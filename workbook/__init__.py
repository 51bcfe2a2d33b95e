"""What the lessons stand on: a local Prefect server, and a look at how a flow really ran.

Importing this package is cheap: Prefect and matplotlib are loaded on first use, and Prefect must be, because it
reads its settings when it is imported and `server.ensure()` has to put them in place first.
"""

import functools
import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

_FUNCTIONS = {
    "observe": "workbook.observe",
    "observe_run": "workbook.observe",
    "live": "workbook.plots",
    "race": "workbook.race",
    "check": "workbook.grading",
    "hint": "workbook.grading",
    "progress_report": "workbook.grading",
}  # name → the module it lives in
__all__ = [*_FUNCTIONS, "server"]


def __getattr__(name: str):
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


class _Package(types.ModuleType):
    """Keeps `workbook.observe` the function: an import of the submodule of that name would put the module there."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _FUNCTIONS:
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
