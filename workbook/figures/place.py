"""A place in the output of a notebook's cell, drawn again while something goes on."""

import contextvars
from collections.abc import Callable
from typing import Any

from workbook.paths import in_notebook


def notebook_display() -> Callable[..., Any] | None:
    """What shows something in a notebook; None elsewhere, as a terminal cannot draw over what it has shown."""
    if not in_notebook():
        return None
    from IPython.display import display

    return display


class Place:
    """A place in the output of a notebook's cell whose content can be replaced, from any thread.

    Args:
        display: shows the first content, as `IPython.display.display` does.
    """

    def __init__(self, display: Callable[..., Any]) -> None:
        self._context = contextvars.copy_context()  # where ipykernel 7 keeps which cell an output belongs to
        self._display, self._handle = display, None

    def show(self, content: Any) -> None:
        """Put this in place of what is there."""
        if self._handle is None:
            self._handle = self._context.copy().run(self._display, content, display_id=True)
        else:
            self._context.copy().run(self._handle.update, content)
