"""Set the server-side limit that the production flow relies on: at most three task runs tagged `database` at once.

Run it as often as you like: it creates the limit, updates it, or reports that nothing had to be done.
"""

import argparse
import sys

import _start  # noqa: F401

from workbook import server
from workbook.prefect_server.local import ServerError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tag", default="database", help="the tag that tasks carry (default: %(default)s)")
    parser.add_argument("--limit", default="3", help="how many may run at once (default: %(default)s)")
    wanted = parser.parse_args()
    if not (wanted.limit.isdecimal() and len(wanted.limit) <= 6 and int(wanted.limit) >= 1):
        sys.exit(f"Error: --limit must be a whole number from 1 to 999999 (got {wanted.limit!r}): try --limit 3.")
    if not wanted.tag.strip() or not wanted.tag.isprintable() or set(wanted.tag) & set("/%&<>"):  # as Prefect wants it
        sys.exit(f"Error: --tag must be a printable name without / % & < > (got {wanted.tag!r}): try --tag database.")
    try:
        server.ensure()
        from workbook.prefect_server.limits import (  # after the server: Prefect reads its settings at import
            ensure_limit,
            read_limit,
        )

        outcome = ensure_limit(wanted.tag, int(wanted.limit))
        limit = read_limit(wanted.tag)
    except ServerError as error:
        sys.exit(f"Error: {error}")
    print(f"Limit on tag {limit.tag!r}: {limit.limit} at once ({outcome}); {limit.active_slots} slots taken now.")


if __name__ == "__main__":
    main()
