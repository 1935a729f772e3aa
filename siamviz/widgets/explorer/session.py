"""What the explorer does: it answers its front end, and tells it what there is to show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from itertools import groupby
from numbers import Integral
from typing import Any, cast

import numpy as np

from siamviz.errors import ArgumentTypeError, InvalidArgumentError, check_choice
from siamviz.study.looks import Theme
from siamviz.widgets.explorer import bokehjs, chips, plots, tables
from siamviz.widgets.explorer.chips import Chip, finite
from siamviz.widgets.explorer.choosing import ORDERS, Choosing, Chosen, orders
from siamviz.widgets.explorer.drawn import Frame, selected
from siamviz.widgets.explorer.filters import Filter, parse
from siamviz.widgets.explorer.following import Following
from siamviz.widgets.explorer.panel import Answer
from siamviz.widgets.explorer.points import Dataset
from siamviz.widgets.messages import MessageError

_LINES = 200
"""Lines of the list that are sent at most at a time."""

Tell = Callable[..., None]


class Session:
    """What is under study, and the conversation about it.

    Parameters
    ----------
    data : Dataset
    board, pairs : callable
        Tell the two parts of the front end something.
    look : callable
        Given a row, shows the picture of that pair.
    live : callable
        Given whether pictures are to be computed with the run's model.

    Attributes
    ----------
    choosing : Choosing
    following : Following
    current : int or None
        The row of the pair that is looked at.
    """

    def __init__(
        self,
        data: Dataset,
        board: Tell,
        pairs: Tell,
        look: Callable[[int | None], None],
        live: Callable[[bool], None],
    ) -> None:
        self._data, self._board, self._pairs, self._look = data, board, pairs, look
        self._frame = Frame.of(data.points)
        self._lock, self._marked = threading.Lock(), 0
        self._column_chips = chips.column_chips(data)
        self._chips: dict[str, Chip] = {}
        self._measured: dict[Filter | None, dict[str, Any] | None] = {}
        self._handlers = self._kinds(live)
        self.choosing = Choosing(data)
        self.following = Following(data, board, self._measure_chips)
        self.current: int | None = None

    def begin(self, title: str, detail: str, compared: str) -> None:
        """Tell everything for the first time."""
        points = self._data.points
        told = {
            "kind": "opened",
            "title": title,
            "detail": detail,
            "total": len(points),
            "gold": points.has_gold,
            "compared": compared,
            "orders": [{"key": key, "label": ORDERS[key][0]} for key in orders(points)],
        }
        self._tell(told)
        self._tell_chips()
        self.tell_chosen()

    def show(self, row: int | None) -> None:
        """Look at the pair of a row.

        Raises
        ------
        InvalidArgumentError
            If there is none.
        """
        row = None if row is None else _whole("row", row)
        if row is not None and not len(self._data.points.positions([row])):
            raise InvalidArgumentError(f"The run has no pair with the row {row!r}.")
        self.current = row
        self._tell_current()
        self._look(row)

    def handle(self, kind: str, body: Mapping[str, Any]) -> Answer:
        """Do what a message asks and return the answer, with buffers.

        Raises
        ------
        SiamvizError
            If it cannot be done; then nothing changes.
        """
        if kind not in self._handlers:
            raise MessageError(
                f"A message of the explorer is of the unknown kind {kind!r:.40}. There are "
                f"{', '.join(map(repr, self._handlers))}."
            )
        return self._handlers[kind](body) or ({}, [])

    def _kinds(
        self, live: Callable[[bool], None]
    ) -> dict[str, Callable[[Mapping[str, Any]], Answer | None]]:
        return {
            "library": lambda _: ({}, [bokehjs.library()]),
            "plots": self._plots,
            "filter": self._filter,
            "chip": self._chip,
            "clear": self._clear,
            "order": self._order,
            "lines": self._lines,
            "open": self._open,
            "step": self._step,
            "tap": self._tap,
            "point": self._point,
            "rank": self._rank,
            "live": lambda body: live(body.get("live") is True),
            "star": lambda _: self._mark(lambda marks: {"star": not marks["star"]}),
            "tag": lambda body: self._mark(lambda _: {"tag": str(body.get("tag", ""))}),
        }

    def _plots(self, body: Mapping[str, Any]) -> Answer:
        theme = cast("Theme", check_choice("theme", body.get("theme"), ("light", "dark")))
        return {"items": plots.items(self._data, self._frame, theme)}, []

    def _filter(self, body: Mapping[str, Any]) -> None:
        slot, value = body.get("slot"), body.get("value")
        if value is None:
            self.choosing.change(dropped=(str(slot),))
        else:
            self.choosing.change(parse(slot, value))
        self.tell_chosen()

    def _chip(self, body: Mapping[str, Any]) -> None:
        chip = self._chips.get(str(body.get("key")))
        if chip is None:
            raise InvalidArgumentError(f"There is no slice {body.get('key')!r:.60} any more.")
        if chip.filter is None:
            self.choosing.clear()
        elif chip.filter in self.choosing.chosen.filters:
            self.choosing.change(dropped=(chip.filter.slot,))
        else:
            self.choosing.change(chip.filter)
        self.tell_chosen()

    def _clear(self, _: Mapping[str, Any]) -> None:
        self.choosing.clear()
        self.tell_chosen()

    def _order(self, body: Mapping[str, Any]) -> None:
        self.choosing.sort(body.get("order"))
        self.tell_chosen()

    def _lines(self, body: Mapping[str, Any]) -> Answer:
        chosen = self.choosing.chosen
        if body.get("version") != chosen.version:
            return {"pairs": []}, []
        start = _whole("start", body.get("start"))
        stop = min(_whole("stop", body.get("stop")), start + _LINES)
        return {"pairs": tables.lines(self._data, chosen.rows[start:stop].tolist())}, []

    def _open(self, body: Mapping[str, Any]) -> None:
        chosen = self.choosing.chosen
        if len(chosen) and body.get("version", chosen.version) == chosen.version:
            place = _whole("place", body.get("place"))
            self.show(int(chosen.rows[min(place, len(chosen) - 1)]))

    def _step(self, body: Mapping[str, Any]) -> None:
        chosen, by = self.choosing.chosen, _whole("by", body.get("by"))
        if not len(chosen):
            return
        place = chosen.place(self.current)
        to = min(max(place + by, 0), len(chosen) - 1) if place is not None else 0
        if to != place:
            self.show(int(chosen.rows[to]))

    def _tap(self, body: Mapping[str, Any]) -> None:
        row = self._nearest(body)
        if row is not None:
            self.show(row)

    def _point(self, body: Mapping[str, Any]) -> Answer:
        row = self._nearest(body)
        return {"pairs": [] if row is None else tables.lines(self._data, [row])}, []

    def _nearest(self, body: Mapping[str, Any]) -> int | None:
        gold, score = (float(body.get(name, np.nan)) for name in ("gold", "score"))
        across, up = (float(body.get(name, 1.0)) for name in ("across", "up"))
        among = self.choosing.chosen.mask
        return self._data.points.nearest(gold, score, among, across, up)

    def _rank(self, body: Mapping[str, Any]) -> None:
        order = check_choice("order", body.get("order"), tuple(tables.LEAGUE_ORDERS))
        sought = str(body.get("sought", ""))
        self.following.ranking = tables.Ranking(order, body.get("up") is True, sought)
        self.following.follow(self.choosing.chosen)

    def _mark(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        if self.current is None:
            raise InvalidArgumentError("No pair is open. Choose one in the list, then mark it.")
        marks = tables.marks(self._data, self.current)
        self._data.run.tag(self.current, **change(marks))
        marks = tables.marks(self._data, self.current)
        self._pairs({"kind": "tagged", "pair": {"row": self.current, **marks}})
        self._tell_current()
        with self._lock:
            self._marked += 1
            self._measured = {
                one: found for one, found in self._measured.items() if one is None or one.lasting
            }
        self._tell_chips()
        if not all(one.lasting for one in self.choosing.chosen.filters):
            self.choosing.change()
        self.tell_chosen()

    def _tell(self, event: dict[str, Any]) -> None:
        self._board(event)
        self._pairs(event)

    def tell_chosen(self) -> None:
        """Tell what is under study, and let the tables follow."""
        chosen = self.choosing.chosen
        told = {"kind": "selected", **_described(chosen), "active": self._active(chosen)}
        sources = selected(self._data, self._frame, chosen)
        self._board({**told, "sources": sources})
        self._pairs({**told, "sources": {}})
        self._tell_current()
        self.following.follow(chosen)

    def _active(self, chosen: Chosen) -> list[str]:
        if not chosen.filters:
            return [key for key, chip in self._chips.items() if chip.filter is None]
        return [key for key, chip in self._chips.items() if chip.filter in chosen.filters]

    def _tell_current(self) -> None:
        row, points = self.current, self._data.points
        told: dict[str, Any] = {"star": False, "tag": "", "note": "", "gold": None, "score": None}
        if row is not None:
            place = int(points.positions([row])[0])
            told = {"gold": finite(points.gold[place]), "score": finite(points.score[place])}
            told |= tables.marks(self._data, row)
        told |= {"row": row, "position": self.choosing.chosen.place(row)}
        self._tell({"kind": "current", **told})

    def _tell_chips(self) -> None:
        made = [*chips.mark_chips(self._data), *self._column_chips]
        self._chips = {chip.key: chip for chip in made}
        groups = [
            {"name": name, "chips": [self._told_chip(chip) for chip in group]}
            for name, group in groupby(made, key=lambda chip: chip.group)
        ]
        told = {"kind": "chips", "groups": groups, "tags": chips.tags(self._data)}
        self._tell(told)

    def _told_chip(self, chip: Chip) -> dict[str, Any]:
        points = self._data.points
        size = len(points) if chip.filter is None else int(self.choosing.mask(chip.filter).sum())
        metrics = self._measured.get(chip.filter)
        return {"key": chip.key, "label": chip.label, "count": size, "metrics": metrics}

    def _measure_chips(self, stopped: Callable[[], bool]) -> None:
        """Measure the slices that are not measured yet, and tell if there were any."""
        every, marked = np.ones(len(self._data.points), dtype=bool), self._marked
        new = [chip.filter for chip in self._chips.values() if chip.filter not in self._measured]
        for one in new:
            if stopped():
                return
            mask = every if one is None else self.choosing.mask(one)
            found = chips.measure(self._data, mask)
            with self._lock:
                if self._marked != marked:
                    return
                self._measured[one] = found
        if new:
            self._tell_chips()


def _described(chosen: Chosen) -> dict[str, Any]:
    """What the front end is told of a selection, but for its pairs."""
    told = {
        "version": chosen.version,
        "count": len(chosen),
        "order": chosen.order,
        "filters": [{"slot": one.slot, "label": one.label} for one in chosen.filters],
        **dict.fromkeys(("region", "span", "words"), None),
        **dict.fromkeys(("sql", "search"), ""),
    }
    return told | {one.kind: one.value for one in chosen.filters if one.kind in told}


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ArgumentTypeError(f"{name} must be a whole number, got {value!r:.60}.")
    return int(value)
