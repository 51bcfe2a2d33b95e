"""One run drawn again and again in a notebook, while it goes on."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbook.figures.gantt import picture
from workbook.figures.place import Place, notebook_display
from workbook.timelines.timeline import Timeline

FRAMES_PER_SECOND = 2  # at most


@dataclass
class Live:
    """A figure in a notebook that is drawn again while its run goes on; call it with the timeline at every news.

    Drawing holds Python's lock and so the flow: a frame is left out when it would come too early, or when drawing would
    take more than a fifth of the time. Any thread may call it; the figure stays in the cell where it was made.
    """

    limit: int | None = None
    prediction: tuple[float | None, int | None] | None = None
    display: Callable[..., Any] | None = None
    draw: Callable[[Timeline], Any] | None = None  # another picture than that of one run
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._place = self.display and Place(self.display)
        self._lock, self._not_before = threading.Lock(), float("-inf")

    def __call__(self, timeline: Timeline) -> None:
        """Draw the run as it stands, unless it is too early for another frame."""
        if self.display is not None and self._lock.acquire(blocking=False):
            try:
                if self.clock() >= self._not_before:
                    self._draw(timeline)
            finally:
                self._lock.release()

    def finish(self, timeline: Timeline) -> None:
        """Draw the run for the last time, at any rate."""
        if self.display is not None:
            with self._lock:
                self._draw(timeline)

    def _draw(self, timeline: Timeline) -> None:
        begun = self.clock()
        shown = self.draw(timeline) if self.draw else picture(timeline, self.limit, prediction=self.prediction)
        self._place.show(shown)
        ended = self.clock()
        self._not_before = max(begun + 1 / FRAMES_PER_SECOND, ended + 4 * (ended - begun))


def live(limit: int | None = None, prediction: tuple[float | None, int | None] | None = None) -> Live:
    """A figure that follows a run in a notebook: `observe(flow, live=live(limit=3))`.

    Outside a notebook it draws nothing.

    Args:
        limit: how many task runs may run at once, if there is a limit.
        prediction: what the learner expected, as seconds from the first start to the last end and the most at once.
    """
    return Live(limit, prediction, notebook_display())
