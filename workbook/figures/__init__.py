"""How a run is shown: one run, several, one that goes on, and the same in text.

May import `timelines` and `paths`, and knows nothing of Prefect.
"""
