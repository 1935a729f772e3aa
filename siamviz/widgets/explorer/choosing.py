"""Which pairs are under study, and in which order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from siamviz.errors import check_choice
from siamviz.widgets.explorer.filters import Filter
from siamviz.widgets.explorer.points import Dataset, Mask, Points

_KEPT = 32
"""Filters whose pairs are remembered."""

ORDERS: Mapping[str, tuple[str, Callable[[Points], NDArray]]] = {
    "error": ("largest error", lambda points: -np.abs(points.difference)),
    "high": ("score too high", lambda points: -points.difference),
    "low": ("score too low", lambda points: points.difference),
    "regression": ("error grown most", lambda points: -points.regression),
    "gain": ("error shrunk most", lambda points: points.regression),
    "score": ("highest score", lambda points: -points.score),
    "gold": ("highest gold", lambda points: -points.gold),
    "row": ("order of the data", lambda points: points.rows),
}
"""What the list can be ordered by: its name, and a key that rises; NaN comes last."""


def orders(points: Points) -> list[str]:
    """Return the orders that the points allow, the first one first."""
    names = ["regression", "gain"] if points.former is not None else []
    names += ["error", "high", "low"] if points.has_gold else []
    return [*names, "score", *(["gold"] if points.has_gold else []), "row"]


@dataclass(frozen=True, eq=False)
class Chosen:
    """The pairs under study at one moment.

    Attributes
    ----------
    version : int
        Rises with every change.
    filters : tuple of Filter
    mask : (N,) bool
        Which pairs meet all filters.
    order : str
    places : (n,) int
        Where these are among all pairs, in the order of the list.
    rows : (n,) int64
        Their rows in that order.
    """

    version: int
    filters: tuple[Filter, ...]
    mask: Mask
    order: str
    places: NDArray[np.intp]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return len(self.rows) == len(self.mask)

    @cached_property
    def _place_of(self) -> dict[int, int]:
        return {int(row): place for place, row in enumerate(self.rows)}

    def place(self, row: int | None) -> int | None:
        """Where a row is in the list; None if it is not there."""
        return None if row is None else self._place_of.get(row)


class Choosing:
    """Filters that are put in and taken away, and the pairs that meet them all.

    Parameters
    ----------
    data : Dataset
    """

    def __init__(self, data: Dataset) -> None:
        self._data = data
        self._filters: dict[str, Filter] = {}
        self._masks: dict[Filter, Mask] = {}
        self._lock = threading.RLock()
        self._order = orders(data.points)[0]
        self.chosen = self._choose({}, self._order, 1)

    def change(self, *added: Filter, dropped: tuple[str, ...] = ()) -> Chosen:
        """Put filters into their slots, and empty others.

        Raises
        ------
        SiamvizError
            If a filter cannot be applied; then nothing changes.
        """
        with self._lock:
            kept = {slot: one for slot, one in self._filters.items() if slot not in dropped}
            return self._adopt(kept | {one.slot: one for one in added}, self._order)

    def clear(self) -> Chosen:
        """Take all filters away."""
        with self._lock:
            return self._adopt({}, self._order)

    def replace(self, one: Filter) -> Chosen:
        """Take all other filters away; raises as `change` does."""
        with self._lock:
            return self._adopt({one.slot: one}, self._order)

    def sort(self, order: object) -> Chosen:
        """Order the list otherwise."""
        name = check_choice("order", order, orders(self._data.points))
        with self._lock:
            return self._adopt(self._filters, name)

    def _adopt(self, filters: dict[str, Filter], order: str) -> Chosen:
        self.chosen = self._choose(filters, order, self.chosen.version + 1)
        self._filters, self._order = filters, order
        return self.chosen

    def _choose(self, filters: dict[str, Filter], order: str, version: int) -> Chosen:
        points = self._data.points
        mask = np.ones(len(points), dtype=bool)
        for one in filters.values():
            mask &= self.mask(one)
        places = np.flatnonzero(mask)
        places = places[np.argsort(ORDERS[order][1](points)[places], kind="stable")]
        chosen = tuple(filters.values())
        return Chosen(version, chosen, mask, order, places, points.rows[places])

    def mask(self, one: Filter) -> Mask:
        """Return which pairs meet one filter, (N,)."""
        with self._lock:
            if not one.lasting:
                return one.mask(self._data)
            if one not in self._masks:
                self._masks[one] = one.mask(self._data)
                if len(self._masks) > _KEPT:
                    self._masks.pop(next(iter(self._masks)))
            return self._masks[one]
