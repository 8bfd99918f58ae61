"""Plain pieces of the HTML report: every text is escaped, whatever stands in a portfolio file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

STYLE: Final = """
body{background:#fff;color:#1b2430;font:15px/1.45 system-ui,sans-serif;margin:2rem auto;
max-width:64rem;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .4rem}
p{margin:.3rem 0}.dim{color:#566273}.bad{color:#c8313f}
dt{color:#566273;margin-top:.9rem}dd{margin:0}
.first{font-size:1.15rem;font-weight:600}ul{margin:.3rem 0;padding-left:1.4rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{color:#566273;font-weight:500;text-align:right;border-bottom:1px solid #d5dbe3}
td{text-align:right;font-variant-numeric:tabular-nums;border-bottom:1px solid #eef1f5}
th,td{padding:.25rem .5rem;vertical-align:top}th.t,td.t{text-align:left}
.cards{display:flex;gap:1rem;flex-wrap:wrap;margin:.8rem 0}
.cards div{background:#f5f7fa;border-radius:4px;padding:.5rem .9rem;min-width:9rem}
.cards b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto}svg text{font-size:12px;fill:#566273}
.curve{fill:none;stroke:#1b2430;stroke-width:1.6}.grid{stroke:#e3e8ee}
.scenario{stroke:#b07a00}.now{stroke:#566273;stroke-dasharray:4 3}
.state{fill:#98a3b1}.fall{fill:#c8313f}.rise{fill:#0f8a62}
.scroll{overflow-x:auto}.death{fill:#d3122a}.event{fill:none;stroke:#566273;stroke-width:1.5}
@media print{body{margin:0}}
"""


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
