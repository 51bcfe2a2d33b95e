"""The site that `make docs` builds: guides, solved lessons, and the functions that learners use, from their docstrings.

It is built in build/site-source, where copies of the checkout's folders stand beside this file: so links between
guides, lessons and files are the same here and on GitHub.
"""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))
os.environ["PREFECT_HOME"] = str(HERE.parent / "prefect")  # nothing outside of the checkout is touched

import prefect  # noqa: E402, F401  so that the names of `workbook` are its functions, and not what loads them later
from ipython_pygments_lexers import IPython3Lexer  # noqa: E402  the lessons' cells have lines like `!prefect gcl ls`

project = html_title = "Prefect concurrency workbook"
copyright = "the workbook's authors, under the MIT licence"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.githubpages"]
include_patterns = ["index.md", "api.md", "README.md", "CONTRIBUTING.md", "docs/*.md", "flows/README.md"]
include_patterns += ["solutions/[0-9]*.ipynb", "notebooks/playground.ipynb", "notebooks/demonstration.ipynb"]

nb_execution_mode = "off"  # `make notebooks` has run them
nb_ipywidgets_js = {}  # loaded from another site otherwise
myst_heading_anchors = 4
suppress_warnings = [
    "myst.header",  # a lesson may go from # to ###
    "misc.highlighting_failure",  # a shell's line that goes on in the next one is no Python; it's still coloured
]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_display_short_literal_types = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files, html_js_files = ["site.css"], ["site.js"]
html_copy_source = False


def setup(app):
    app.add_lexer("python", IPython3Lexer)
    app.connect("source-read", to_pages)


def to_pages(app, name, text):
    """A link to a learner's copy of a lesson leads to the solved one, with figures; a folder has no page to link to."""
    folder = Path(app.srcdir, name).parent
    text[0] = re.sub(r"notebooks/(\d\d_\w+\.ipynb)", r"solutions/\1", text[0])
    if name.startswith("notebooks/"):
        text[0] = re.sub(r"\]\((\d\d_\w+\.ipynb)", r"](../solutions/\1", text[0])
    text[0] = re.sub(
        r"\[([^\]]*)\]\(([\w./-]+)\)", lambda link: link[1] if (folder / link[2]).is_dir() else link[0], text[0]
    )
