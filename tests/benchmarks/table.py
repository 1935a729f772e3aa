"""One line of the table, and the whole table as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured quantity.

    Attributes
    ----------
    what : str
    measured, least, aim : str
        Each with its unit; empty where the issue names none.
    how : str
        What was compared with what, in one sentence.
    """

    what: str
    measured: str
    least: str = ""
    aim: str = ""
    how: str = ""


def skipped(what: str, reason: str) -> Row:
    """A line that says why there is no number."""
    return Row(what, "skipped", how=reason)


def markdown(rows: Iterable[Row]) -> str:
    """The table in Markdown."""
    lines = ["| what | measured | at least | aim | how |", "|---|---|---|---|---|"]
    lines += [f"| {r.what} | {r.measured} | {r.least} | {r.aim} | {r.how} |" for r in rows]
    return "\n".join(lines)
