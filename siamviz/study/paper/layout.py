"""A study's tables as they are read: intervals beside numbers, and few columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def readable(part: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a part's table as text.

    Parameters
    ----------
    part : str
        One of `siamviz.study.paper.study.PARTS`.
    table : DataFrame
        With numbers; their intervals in columns of the same name with ``_low`` and ``_high``.
    """
    if part == "accuracy":
        return _by_steps(table)
    if part == "faithfulness":
        return _by_measure(table)
    shown = _with_intervals(table)
    if part == "probes":
        return _wide(shown, ["model", "kind", "measure", "n", "groups"], "sentence", "mean")
    return shown


def _by_measure(table: pd.DataFrame) -> pd.DataFrame:
    """Means, and paired differences to the model's own method, a column for each measure."""
    columns = ("mean", "over_own", "over_own_low", "over_own_high")
    cells = [
        f"{mean:.3g} ({difference:+.3g} [{low:.3g}, {high:.3g}])"
        for mean, difference, low, high in zip(*(table[name] for name in columns), strict=True)
    ]
    pairs = table.groupby("model")["n"].transform("max")  # a correlation may be undefined
    return _wide(table.assign(cell=cells, n=pairs), ["model", "method", "n"], "measure", "cell")


def _by_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Residuals, and scalar errors in brackets, with a column for each number of steps."""
    columns = ("residual", "residual_low", "residual_high", "scalar_error")
    cells = [
        f"{residual:.1e} [{low:.0e}, {high:.0e}] ({scalar:.0e})"
        for residual, low, high, scalar in zip(*(table[name] for name in columns), strict=True)
    ]
    adaptive = table["rule"] == "adaptive"
    steps = table["steps"].astype(str).where(~adaptive, "adaptive")
    counts = table["steps"].astype(str)
    rules = table["rule"].where(~adaptive, "adaptive, " + counts + " steps")
    shown = table.assign(cell=cells, steps=steps, rule=rules)
    return _wide(shown, ["model", "layer", "rule", "n"], "steps", "cell")


def _with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """The table with "0.5 [0.4, 0.6]" in the place of a number and the bounds of its interval."""
    renamed = table.rename(columns={"low": "mean_low", "high": "mean_high"})
    shown = renamed.copy()
    for name in renamed.columns:
        if f"{name}_low" in renamed.columns:
            low, high = f"{name}_low", f"{name}_high"
            numbers = zip(renamed[name], renamed[low], renamed[high], strict=True)
            shown[name] = [f"{x:.3g} [{y:.3g}, {z:.3g}]" for x, y, z in numbers]
            shown = shown.drop(columns=[low, high])
    return shown


def _wide(table: pd.DataFrame, rows: list[str], column: str, value: str) -> pd.DataFrame:
    """One row for each of `rows`, in their order, and a column for each value of `column`."""
    import pandas as pd

    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for record in table.to_dict("records"):
        key = tuple(record[name] for name in rows)
        found.setdefault(key, dict(zip(rows, key, strict=True)))[str(record[column])] = record[
            value
        ]
    return pd.DataFrame(list(found.values())).fillna("")
