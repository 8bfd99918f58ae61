"""Plain pieces of the HTML report: every text is escaped, whatever stands in a portfolio file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; ``kind`` is a class of the style."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Return a table whose first ``texts`` columns are words, the others figures."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(
            f'<{tag} class="t">{escape(cell)}</{tag}>' if at < texts else
            f"<{tag}>{escape(cell)}</{tag}>"
            for at, cell in enumerate(cells)
        )  # fmt: skip

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{line(heads, 'th')}</tr></thead><tbody>{body}</tbody></table>"
