"""Tables that compare baselines, or rules and numbers of steps, on one pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from siamviz.export.escape import escape
from siamviz.ledger import Ledger


@dataclass(frozen=True)
class BaselineRow:
    """One baseline's ledger and certificate; `error` says why where there is none.

    Attributes
    ----------
    share : float or None
        Part of the score that the token pairs alone carry.
    """

    baseline: str
    ledger: Ledger | None = None
    share: float | None = None
    relative_residual: float | None = None
    converged: bool | None = None
    steps: int | None = None
    seconds: float | None = None
    error: str = ""


@dataclass(frozen=True)
class ConvergenceRow:
    """What one rule reaches with one number of steps.

    Attributes
    ----------
    relative_residual : float
        ‖ρ‖ / ‖e − e0‖, the larger of the two sentences.
    scalar_error : float
        |score − sum of the ledger's other terms|, the check used in the literature.
    cell_change : float or None
        Largest change of a cell since the row before it of the same rule.
    """

    rule: str
    steps: int
    relative_residual: float
    scalar_error: float
    cell_change: float | None
    seconds: float


@dataclass(frozen=True)
class Table:
    """Rows that print as a table, iterate, and become plain data or a data frame."""

    rows: tuple[Any, ...]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Plain data, one dict a row, ledgers flattened."""
        return [_flat(row) for row in self.rows]

    def to_frame(self) -> Any:
        """The same as a pandas DataFrame."""
        from siamviz.frames import data_frame

        return data_frame(self.to_dicts())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        return self.rows[index]

    def __str__(self) -> str:
        return _aligned(self._cells())

    def _cells(self) -> list[list[str]]:
        """The table as written, names first."""
        dicts = self.to_dicts()
        names = list(dict.fromkeys(name for row in dicts for name in row if name != "error"))
        names += ["error"] * any(row.get("error") for row in dicts)
        return [names, *([_shown(row.get(name)) for name in names] for row in dicts)]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Table(...)" if cycle else str(self))

    def _repr_html_(self) -> str:
        rows = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in self._cells()]
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _flat(row: Any) -> dict[str, Any]:
    data = asdict(row)
    ledger = data.pop("ledger", None)
    return {**data, **dict(row.ledger)} if ledger is not None else data


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _aligned(cells: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
