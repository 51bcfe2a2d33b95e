"""The lessons' one source and the notebooks made of it; the queries that their tasks run; the reader's guesses.

May import `figures`, `timelines` and `paths`.
"""
