"""A room full of people whose flows share one server's limit, as it happens: on a page and in a terminal. Only reads.

May import `figures`, `timelines`, `prefect_server` and `paths`.
"""
