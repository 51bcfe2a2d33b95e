"""What a run shows, in words, as notebooks and scripts import it."""

from workbook.figures.prose import Prose
from workbook.timelines import diagnosis
from workbook.timelines.diagnosis import diagnose
from workbook.timelines.timeline import Timeline

__all__ = ["diagnose", "explain"]


def explain(timeline: Timeline, limit: int | None = None) -> Prose:
    """The findings as text, a line for each, which a notebook shows as paragraphs.

    Args:
        timeline: as for `diagnose`.
        limit: as for `diagnose`.
    """
    return Prose(diagnosis.explain(timeline, limit))
