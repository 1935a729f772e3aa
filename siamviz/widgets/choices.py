"""What a view's settings may be, checked with siamviz's own errors.

What needs torch is imported where a model is there anyway: a view of a finished result needs none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from traitlets import TraitError, TraitType

from siamviz.corpus import Corpus
from siamviz.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    SiamvizError,
    check_choice,
    suggest,
)
from siamviz.quadrature import RULE_NAMES, Adaptive, Rule, parse_rule

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

RULES = ("adaptive", "calibrated", *(r for r in RULE_NAMES if r not in ("adaptive", "calibrated")))
VIEWS = ("matrix", "links", "pairs", "compare")
THEMES = ("auto", "light", "dark")
SIDES = ("a", "b")


@contextmanager
def as_trait_errors() -> Generator[None]:
    """Raise siamviz's errors as trait errors too, so that traitlets takes changes back."""
    try:
        yield
    except TraitError:
        raise
    except SiamvizError as error:
        raise _trait_error(type(error))(str(error)) from None


@cache
def _trait_error(kind: type[SiamvizError]) -> type[SiamvizError]:
    """Return the same kind of error, which traitlets knows as its own."""
    return type(kind.__name__, (kind, TraitError), {"__module__": kind.__module__})


class Setting(TraitType[Any, Any]):
    """A trait whose value a function checks.

    Parameters
    ----------
    default : object
    check : callable
        Given the owner, the trait's name and the value, returns the value to keep or raises.
    help : str
    computes : bool
        Whether a change calls for a computation, and so for a model.
    **metadata
        As `traitlets.TraitType.tag` takes it.
    """

    def __init__(
        self,
        default: Any,
        check: Callable[[Any, str, Any], Any],
        help: str,  # noqa: A002 (traitlets calls it so)
        *,
        computes: bool = False,
        **metadata: Any,
    ) -> None:
        super().__init__(default_value=default, help=help)
        self._check = check
        self.tag(sync=True, computes=computes, **metadata)

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the value to keep, or raise."""
        with as_trait_errors():
            if self.metadata["computes"] and not obj.computes:
                if not obj.finished:
                    return value
                raise InvalidArgumentError(
                    f"{self.name} cannot change: this view shows a finished result and has no "
                    "model. Make one that computes with PairView(explainer, text_a, text_b)."
                )
            return self._check(obj, str(self.name), value)


def one_of(*allowed: str) -> Callable[[Any, str, Any], str]:
    """Check for one of a few names."""
    return lambda _, name, value: check_choice(_words(name), value, allowed)


def flag(_: Any, name: str, value: Any) -> bool:
    """Check for True or False."""
    if not isinstance(value, bool):
        raise ArgumentTypeError(f"{name} must be True or False, got {value!r:.60}.")
    return value


def count(at_least: int) -> Callable[[Any, str, Any], int]:
    """Check for a whole number of at least some size."""

    def check(_: Any, name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise ArgumentTypeError(f"{name} must be a whole number, got {value!r:.60}.")
        if value < at_least:
            raise InvalidArgumentError(f"{name} must be {at_least} or more, got {value}.")
        return int(value)

    return check


def number(_: Any, name: str, value: Any) -> float:
    """Check for a finite number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ArgumentTypeError(f"{name} must be a number, got {value!r:.60}.")
    found = float(value)
    if not (math.isfinite(found) and found >= 0):
        raise InvalidArgumentError(f"{name} must be 0 or more and finite, got {value!r}.")
    return found


def positive_or_none(owner: Any, name: str, value: Any) -> float | None:
    """Check for a number above 0, or None."""
    if value is None or number(owner, name, value) > 0:
        return None if value is None else float(value)
    raise InvalidArgumentError(f"{name} must be greater than 0, or None, got {value!r}.")


def tolerance(_: Any, name: str, value: Any) -> float:
    """Check for a tolerance of the adaptive rule."""
    del name
    return Adaptive(value).tolerance


def pins(_: Any, name: str, value: Any) -> list[dict[str, list[int]]]:
    """Check for pinned blocks: indices of the finest tokens of A and of B."""
    if not isinstance(value, list | tuple):
        raise ArgumentTypeError(f"{name} must be a list of pinned blocks, got {value!r:.60}.")
    return [_pin(f"{name}[{i}]", pin) for i, pin in enumerate(value)]


def _pin(name: str, pin: Any) -> dict[str, list[int]]:
    wanted = f'{name} must be like {{"a": [5], "b": [4, 5]}}, token indices of A and B'
    if not isinstance(pin, dict) or set(pin) != set(SIDES):
        raise InvalidArgumentError(f"{wanted}, got {pin!r:.60}.")
    for side in SIDES:
        if not isinstance(pin[side], list | tuple) or any(map(_no_index, pin[side])):
            raise InvalidArgumentError(f"{wanted}, got {pin[side]!r:.60} for {side!r}.")
    if not (pin["a"] or pin["b"]):
        raise InvalidArgumentError(f"{wanted}, got two empty lists.")
    return {side: sorted({int(i) for i in pin[side]}) for side in SIDES}


def _no_index(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, Integral) or value < 0


def _words(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


def text(_: Any, name: str, value: Any) -> str:
    """Check for a text that can be explained."""
    from siamviz.tokenization import check_text

    return check_text(value, name)


def supported_baselines(explainer: Explainer) -> list[str]:
    """The named baselines that the model's tokenizer allows."""
    from siamviz.baselines import BASELINE_NAMES

    return [name for name in BASELINE_NAMES if not _lacks(explainer.tokenizer, name)]


def _lacks(tokenizer: Any, name: str) -> bool:
    from siamviz.baselines import TOKEN_BASELINES

    if name not in TOKEN_BASELINES:
        return False
    return getattr(tokenizer, f"{name.removesuffix('-shifted')}_token_id", None) is None


def check_baseline(value: Any, explainer: Explainer) -> Any:
    """Return a baseline that the model allows, in any form that `Explainer.explain` takes."""
    from siamviz.baselines import special_id

    _parsed(value)
    if isinstance(value, str) and _lacks(explainer.tokenizer, value):
        special_id(explainer.tokenizer, value.removesuffix("-shifted"))
    return value


def _parsed(value: Any) -> list[Any]:
    """Return the baselines of both sides."""
    from siamviz.baselines import parse_baseline
    from siamviz.engine import of_side

    return [parse_baseline(of_side(value, side)) for side in SIDES]


def with_references(baseline: Any, references: int) -> Any:
    """Return the baseline, with so many references if it is the corpus by name."""
    named = isinstance(baseline, str) and baseline == "corpus"
    return Corpus(references=references) if named else baseline


def check_names(given: Iterable[str], known: list[str]) -> None:
    """Raise for a keyword that is no trait of a view."""
    for name in given:
        if name not in (*known, "layout"):
            raise ArgumentTypeError(
                f"{name!r} is no trait of PairView.{suggest(name, known)} There are "
                f"{', '.join(known)}."
            )


def baseline_label(value: Any) -> str:
    """Return what a baseline is called, a string for any of them."""
    if isinstance(value, str):
        return value
    return " | ".join(dict.fromkeys(baseline.label for baseline in _parsed(value)))


def baseline_key(value: Any) -> tuple[str, ...]:
    """Return what results depend on; equal keys mean equal baselines."""
    return tuple(baseline.key for baseline in _parsed(value))


def rule_of(name: str, steps: int, tolerance: float) -> Rule:
    """Return the rule that three controls describe."""
    return Adaptive(tolerance) if name == Adaptive.key else parse_rule(name, steps)
