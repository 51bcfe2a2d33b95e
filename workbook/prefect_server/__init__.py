"""The local Prefect servers, and everything that talks to one: settings, starting and stopping, limits, doctor.

May import `paths`.
"""
