"""What a run did: run a flow, read its records, report what they show.

May import `figures`, `timelines`, `prefect_server` and `paths`.
"""
