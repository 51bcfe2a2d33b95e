"""Task runs in time: spans, their measures, and findings about them. Plain data; knows nothing of Prefect.

May import no other room.
"""
