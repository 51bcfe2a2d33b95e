"""What every script here imports first: it ends with one sentence if this Python doesn't have the workbook's packages.

And for a character that its output can't show, the script prints a question mark.
"""

import importlib.util
import sys

# Prefect is only looked for: what loads it sets its settings first.
if missing := [name for name in ("workbook", "prefect") if importlib.util.find_spec(name) is None]:
    sys.exit(
        f"Error: No module named {missing[0]!r}. Install as README.md says, and run this with the Python in .venv: "
        f".venv/bin/python {sys.argv[0]} (on Windows, .venv\\Scripts\\python)."
    )

from workbook.prefect_server import process

process.print_anything()
