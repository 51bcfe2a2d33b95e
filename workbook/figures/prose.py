"""Sentences that a notebook shows as HTML: JupyterLab breaks printed text in the middle of a word."""

import html
import re
from typing import Any

# As large as a cell's code, where it is a notebook in JupyterLab that shows it.
CODE = "margin:0;padding:0;overflow-x:auto;white-space:pre;font-size:var(--jp-code-font-size,13px);line-height:1.3"


class Prose(str):
    """A text that a notebook shows as HTML, which wraps with the page; `print` gives it as it is."""

    __repr__ = str.__str__  # IPython's text of a str is its repr, whatever the bundle below says

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": paragraphs(self), "text/plain": str(self)}


class Characters(str):
    """Code, a drawing in characters or a table that a notebook shows as it is, without breaking its lines."""

    __repr__ = str.__str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/html": f'<pre style="{CODE}">{html.escape(self)}</pre>',
            "text/plain": str(self),
        }


def paragraphs(text: str) -> str:
    """A text as HTML: a paragraph for each line, code where it has backticks, and its addresses as links."""
    lines = [_marked_up(html.escape(line)) for line in text.splitlines() if line.strip()]
    return "".join(f'<p style="margin:4px 0;overflow-wrap:anywhere">{line}</p>' for line in lines)


def _marked_up(line: str) -> str:
    linked = re.sub(r"https?://[^\s`)]*[\w/#]", r'<a href="\g<0>" target="_blank">\g<0></a>', line)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", linked)
