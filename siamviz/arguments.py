"""Checks of what an `Explainer` is given, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import Parameter, Signature, signature
from typing import Any, TypeVar

from siamviz.engine import OPTION_NAMES, Options
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, suggest
from siamviz.tokenization import check_text

F = TypeVar("F", bound=Callable[..., Any])


def showing_options(method: F) -> F:
    """Let `inspect.signature`, and so notebooks' completion, show the `Options` of a method."""
    shown = signature(method)
    own = [p for p in shown.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    options = signature(Options).parameters.values()
    asked = [option.replace(kind=Parameter.KEYWORD_ONLY) for option in options]
    vars(method)["__signature__"] = Signature(
        [*own, *asked], return_annotation=shown.return_annotation
    )
    return method


def check_options(options: Iterable[str], *methods: Callable[..., Any], taken: str = "") -> None:
    """Raise for an option that neither `methods` nor the computation knows, or that is `taken`."""
    own = [name for method in methods for name in signature(method).parameters]
    known = [name for name in (*own, *OPTION_NAMES) if name not in ("options", taken)]
    for name in options:
        if name not in known:
            raise ArgumentTypeError(
                f"{name!r} is not an option of {methods[0].__name__}.{suggest(name, known)} The "
                f"options of a computation are {', '.join(OPTION_NAMES)}; a tolerance is part of "
                "the rule, as in quadrature=Adaptive(0.01)."
            )


def listed(values: Any, name: str, what: str) -> list[Any]:
    """Return `values` as a list, or raise if it is a single str or no sequence."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ArgumentTypeError(f"{name} must be a sequence of {what}, got {values!r:.80}.")
    return list(values)


def checked_texts(texts: Any, name: str) -> list[str]:
    """Return `texts` as a list of at least one text that can be explained, or raise."""
    found = listed(texts, name, "texts")
    if not found:
        raise InvalidArgumentError(f"{name} is empty. pairwise needs at least one text a side.")
    return [check_text(text, f"{name}[{i}]") for i, text in enumerate(found)]


def checked_pair(pair: Any, index: int) -> tuple[str, str]:
    """Return `pair` as two texts that can be explained, or raise and name its place."""
    if isinstance(pair, str | bytes) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise ArgumentTypeError(f"Pair {index} must be two texts, got {pair!r:.80}.")
    text_a, text_b = pair
    return check_text(text_a, f"Text A of pair {index}"), check_text(
        text_b, f"Text B of pair {index}"
    )
