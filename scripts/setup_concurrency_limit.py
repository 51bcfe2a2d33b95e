"""Set the server-side limit that the production flow relies on: at most three task runs tagged `database` at once.

Run it as often as you like: it creates the limit, updates it, or reports that nothing had to be done.
"""

import argparse
import sys

from workbook import server
from workbook.server import ServerError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tag", default="database", help="the tag that tasks carry (default: %(default)s)")
    parser.add_argument("--limit", default="3", help="how many may run at once (default: %(default)s)")
    wanted = parser.parse_args()
    if not (wanted.limit.isdecimal() and len(wanted.limit) <= 6 and int(wanted.limit) >= 1):
        sys.exit(f"Error: --limit is a whole number from 1 to 999999, and {wanted.limit!r} is not: try --limit 3.")
    if not wanted.tag.strip() or set(wanted.tag) & set("/%&<>"):  # Prefect allows none of these in a name
        sys.exit(f"Error: --tag is a name without / % & < >, and {wanted.tag!r} is not: try --tag database.")
    try:
        server.ensure()
        from workbook.limits import ensure_limit, read_limit  # after the server: Prefect reads its settings at import

        outcome = ensure_limit(wanted.tag, int(wanted.limit))
        limit = read_limit(wanted.tag)
    except ServerError as error:
        sys.exit(f"Error: {error}")
    print(f"Limit on tag {limit.tag!r}: {limit.slots} at once ({outcome}); {limit.active} slots taken now.")


if __name__ == "__main__":
    main()
