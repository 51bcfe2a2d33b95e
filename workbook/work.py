"""What exercises ask for: the twenty questions to the shop's database, as learners import them."""

from workbook.lessons.queries import ask, flaky

__all__ = ["ask", "flaky"]
