"""Figures of runs, as notebooks and scripts import them."""

from workbook.figures.comparison import comparison
from workbook.figures.gantt import picture
from workbook.figures.live import live

__all__ = ["comparison", "live", "picture"]
