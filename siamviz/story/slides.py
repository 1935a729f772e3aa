"""A slide: a result, how it is looked at, and what is said about it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.attribution import PairAttribution
from siamviz.errors import ArgumentTypeError, InvalidArgumentError
from siamviz.export.frame import pack
from siamviz.export.page import as_shown, view_state
from siamviz.story.captions import check_text

if TYPE_CHECKING:
    from siamviz.explainer import Explainer
    from siamviz.widgets.pair_view import PairView

_keys = count(1)
LOOKS = (
    "similarity", "unit", "folded", "view", "top_k", "threshold", "special", "limit", "pins",
)  # fmt: skip
"""Traits of a view that say how a result is looked at."""
COMPUTED = ("baseline", "layer", "rule", "steps", "tolerance", "references", "compare")
"""Traits that say what was computed."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """What computes a slide's result anew, while it is at hand.

    Attributes
    ----------
    explainer : Explainer
    settings : mapping
        The values of `siamviz.PairView`'s traits that computed it.
    """

    explainer: Explainer
    settings: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Slide:
    """One state of a view, as it was captured.

    Attributes
    ----------
    pair : PairAttribution
        The result, with every number.
    state : mapping
        How it is shown, by the names of `siamviz.PairView`'s traits, as plain data.
    caption : str
        With Markdown's emphasis and links.
    notes : str
        For whoever speaks; the audience does not see them.
    other : PairAttribution or None
        What it is compared with.
    other_frame : bytes
        The same for a view; without `other`, the effects of deletions.
    recipe : Recipe or None
        What computes it anew; it is not saved.
    key : int
        Stays with it in this process, whatever is said about it.
    """

    pair: PairAttribution
    state: Mapping[str, Any]
    caption: str = ""
    notes: str = ""
    other: PairAttribution | None = None
    other_frame: bytes = b""
    recipe: Recipe | None = None
    key: int = field(default_factory=_keys.__next__)

    def __repr__(self) -> str:
        return f"Slide({self.caption!r:.60}, {self.name!r:.100})"

    @property
    def shown(self) -> PairAttribution:
        """The result in the unit, fold and similarity shown."""
        return as_shown(self.pair, self.state)

    @property
    def name(self) -> str:
        """Which texts, how: one line."""
        state = self.state
        looks = [state["unit"], state["view"], f"layer {state['layer']}", str(state["baseline"])]
        return f"{self.pair.text_a} · {self.pair.text_b} ({', '.join(looks)})"

    @cached_property
    def measure(self) -> tuple[str, bool]:
        """Slides with equal ones share a scale: the similarity, and whether whole sentences."""
        return self.state["similarity"], self.state["unit"] == "sentence"

    @cached_property
    def reach(self) -> float:
        """The effect at the ends of its colours: the locked one, or its own largest."""
        if self.state["limit"] is not None:
            return self.state["limit"]
        compared = self.state["view"] == "compare" and self.other is not None
        pairs = [self.pair, self.other] if compared and self.other else [self.pair]
        return max(self._largest(as_shown(pair, self.state)) for pair in pairs)

    def _largest(self, pair: PairAttribution) -> float:
        special = self.state["special"]
        rows = [special or not token.special for token in pair.tokens_a]
        columns = [special or not token.special for token in pair.tokens_b]
        return float(np.abs(pair.matrix[np.ix_(rows, columns)]).max(initial=0.0))

    @cached_property
    def frame(self) -> bytes:
        """The result as a view takes it."""
        return pack(self.pair)

    def to_dict(self, pairs: list[PairAttribution]) -> dict[str, Any]:
        """Return plain data that names results by their place in `pairs`, where they are put."""
        return {
            "caption": self.caption,
            "notes": self.notes,
            "state": dict(self.state),
            "pair": _place(self.pair, pairs),
            "other": None if self.other is None else _place(self.other, pairs),
            "other_frame": base64.b64encode(self.other_frame).decode("ascii"),
        }


def _place(pair: PairAttribution, pairs: list[PairAttribution]) -> int:
    for place, known in enumerate(pairs):
        if known is pair:
            return place
    pairs.append(pair)
    return len(pairs) - 1


def captured(view: PairView, caption: str, notes: str) -> Slide:
    """Return what a view shows now; waits for its result."""
    found, explainer = view.found()
    state = view.get_state([*LOOKS, *COMPUTED, "text_a", "text_b", "model_name", "layers"])
    if found.other is None and state["view"] == "compare":
        state["view"], state["compare"] = "matrix", None
    recipe = None
    if explainer is not None:
        recipe = Recipe(explainer, {name: getattr(view, name) for name in COMPUTED})
    else:
        state |= view_state(found.main) | {name: state[name] for name in LOOKS}
    other = found.other if isinstance(found.other, PairAttribution) else None
    return Slide(found.main, state, caption, notes, other, found.other_frame, recipe)


def slide_of(data: Any, pairs: list[PairAttribution], where: str) -> Slide:
    """Return the slide that plain data describes.

    Raises
    ------
    InvalidArgumentError
        If a field is missing or unfit, named with the slide.
    """
    try:
        pair = pairs[_checked_place(data["pair"])]
        other = None if data["other"] is None else pairs[_checked_place(data["other"])]
        state = _checked(data["state"], pair)
        frame = base64.b64decode(data["other_frame"], validate=True)
        caption = check_text("caption", data["caption"])
        notes = check_text("notes", data["notes"])
        return Slide(pair, state, caption, notes, other, frame)
    except KeyError as failure:
        raise InvalidArgumentError(f"{where} has no {failure}.") from failure
    except (TypeError, ValueError, IndexError) as failure:
        raise InvalidArgumentError(f"{where} cannot be read: {failure}") from failure


def _checked_place(place: Any) -> int:
    if isinstance(place, bool) or not isinstance(place, int) or place < 0:
        raise ArgumentTypeError(f"{place!r:.60} is no place of a result")
    return place


def _checked(state: Any, pair: PairAttribution) -> dict[str, Any]:
    """Return a state whose values a view takes."""
    from siamviz.widgets.pair_view import UnshownView

    looks = {name: state[name] for name in LOOKS}
    view = UnshownView(pair, **looks)
    found = {**view_state(pair), **view.get_state(list(LOOKS))}
    compare = state["compare"]
    if compare is not None and not isinstance(compare, dict):
        raise ArgumentTypeError(f"compare must be an object or null, got {compare!r:.60}")
    settings = {name: state[name] for name in COMPUTED}
    for name, value in settings.items():
        if name != "compare" and not isinstance(value, str | int | float):
            raise ArgumentTypeError(f"{name} must be a number or a name, got {value!r:.60}")
    return found | settings
