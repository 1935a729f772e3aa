"""Which pairs of a run are attributed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siamviz.errors import DataError, InvalidArgumentError
from siamviz.study.slices import sql_error

if TYPE_CHECKING:
    import duckdb

DEFAULT_ERRORS = 500
_NO_GOLD = (
    "attribute='errors' needs gold scores, and no pair has one. Name their column with gold=…, or "
    "use attribute='all'."
)


@dataclass(frozen=True)
class Picks:
    """What to attribute.

    Attributes
    ----------
    attribute : str
        "all", "none", "errors" (those of the largest |score − gold|), or an SQL condition over
        the table "pairs".
    limit : int or None
        At most this many; for "errors" 500 unless given.
    control : int
        Pairs drawn at random from the others.
    seed : int
        Of the draw.

    Raises
    ------
    InvalidArgumentError
    """

    attribute: str = "all"
    limit: int | None = None
    control: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.attribute, str) or not self.attribute.strip():
            raise InvalidArgumentError(
                f"attribute must be 'all', 'none', 'errors' or an SQL condition over the pairs, "
                f"got {self.attribute!r}."
            )
        for name, least in (("limit", 1), ("control", 0), ("seed", 0)):
            value = getattr(self, name)
            if value is None and name == "limit":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InvalidArgumentError(
                    f"{name} must be a whole number of at least {least}, got {value!r}."
                )

    def check(self, cursor: duckdb.DuckDBPyConnection, has_gold: bool) -> None:
        """Raise for what cannot be picked, before any pair is scored.

        Raises
        ------
        DataError
            If the condition is no SQL, or errors are asked for without gold scores.
        """
        if self.attribute == "errors" and not has_gold:
            raise DataError(_NO_GOLD)
        _, condition, order, _ = self._parts()
        try:
            cursor.execute(f"SELECT row FROM pairs WHERE ({condition}\n) ORDER BY {order} LIMIT 0")
        except Exception as error:
            raise sql_error(self.attribute, error) from error

    def fill(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make the temporary table "picked" (row, picked).

        Raises
        ------
        DataError
            If the condition is no SQL, or errors are asked for without gold scores.
        """
        cursor.execute("CREATE OR REPLACE TEMP TABLE picked (row BIGINT, picked VARCHAR)")
        if self.attribute != "none":
            self._add_asked(cursor)
        if self.control:
            cursor.execute(
                "INSERT INTO picked SELECT row, 'control' FROM pairs ANTI JOIN picked USING (row) "
                "WHERE status = 'ok' ORDER BY md5(pair_id || ?), row LIMIT ?",
                [str(self.seed), self.control],
            )

    def _add_asked(self, cursor: duckdb.DuckDBPyConnection) -> None:
        reason, condition, order, limit = self._parts()
        if reason == "errors" and not _count(cursor, "SELECT count(difference) FROM pairs"):
            raise DataError(_NO_GOLD)
        end = "" if limit is None else f" LIMIT {limit}"
        try:
            cursor.execute(
                f"INSERT INTO picked SELECT row, '{reason}' FROM pairs "
                f"WHERE status = 'ok' AND ({condition}\n) ORDER BY {order}{end}"
            )
        except Exception as error:
            raise sql_error(self.attribute, error) from error

    def _parts(self) -> tuple[str, str, str, int | None]:
        if self.attribute in ("all", "none"):
            return "all", "true", "row", self.limit
        if self.attribute == "errors":
            size = DEFAULT_ERRORS if self.limit is None else self.limit
            return "errors", "difference IS NOT NULL", "abs(difference) DESC, row", size
        return "where", self.attribute, "row", self.limit


def _count(cursor: duckdb.DuckDBPyConnection, query: str) -> int:
    found = cursor.execute(query).fetchone()
    return int(found[0]) if found else 0
