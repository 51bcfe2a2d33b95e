"""Answers to exercises, judged by how they ran: on the command line and in notebooks, on a server of their own.

May import `lessons`, `runs`, `figures`, `timelines`, `prefect_server` and `paths`.
"""
