"""The same queries in every pattern, one pattern after the other, and how they compare.

May import `lessons`, `runs`, `figures`, `timelines`, `prefect_server` and `paths`.
"""
