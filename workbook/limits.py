"""Tag limits, as notebooks and scripts import them."""

from workbook.prefect_server.limits import Limit, ensure_limit, free_slots, read_limit, remove_limit

__all__ = ["Limit", "ensure_limit", "free_slots", "read_limit", "remove_limit"]
