"""How a view begins: with a model and two texts, or with a finished result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siamviz.attribution import PairAttribution
from siamviz.errors import ArgumentTypeError
from siamviz.export.compose import model_title
from siamviz.export.frame import pack
from siamviz.quadrature import RULE_NAMES, Adaptive
from siamviz.terms import SIMILARITIES
from siamviz.units import COARSER, UNITS
from siamviz.widgets.choices import supported_baselines
from siamviz.widgets.computation import Found

if TYPE_CHECKING:
    from siamviz.explainer import Explainer


@dataclass(frozen=True, eq=False)
class Opening:
    """What a view starts from.

    Attributes
    ----------
    explainer : Explainer or None
    found : Found or None
        The finished result.
    similarity : str
        The one that is computed; others follow from it.
    units, similarities : sequence of str
        What the result can be shown by.
    facts : dict
        Traits that cannot be set.
    traits : dict
        All others, by name.
    """

    explainer: Explainer | None
    found: Found | None
    similarity: str
    units: Sequence[str]
    similarities: Sequence[str]
    facts: dict[str, Any]
    traits: dict[str, Any]


def of_model(
    explainer: Any, text_a: str | None, text_b: str | None, traits: dict[str, Any]
) -> Opening:
    """Begin with a model and two texts.

    Raises
    ------
    ArgumentTypeError, InvalidTextError, InvalidArgumentError
    """
    from siamviz.explainer import Explainer

    if not isinstance(explainer, Explainer) or text_a is None or text_b is None:
        raise ArgumentTypeError(
            "PairView takes an Explainer and two texts, as in PairView(explainer, text_a, "
            f"text_b), or a PairAttribution; got {type(explainer).__name__} and "
            f"{sum(text is not None for text in (text_a, text_b))} texts."
        )
    similarity = traits.get("similarity") or explainer.similarity
    return Opening(
        explainer,
        None,
        similarity,
        UNITS,
        SIMILARITIES,
        {
            "model_name": model_title(explainer.name),
            "layers": explainer.layers(text_a),
            "baselines": supported_baselines(explainer),
            "live": True,
        },
        {"text_a": text_a, "text_b": text_b, "similarity": similarity, **traits},
    )


def of_result(pair: PairAttribution, given: Iterable[str], traits: dict[str, Any]) -> Opening:
    """Begin with a finished result.

    Parameters
    ----------
    pair : PairAttribution
    given : iterable of str
        Names of arguments that a model would be needed for.
    traits : dict

    Raises
    ------
    ArgumentTypeError
        If there are any of these.
    """
    refused = list(given)
    if refused:
        raise ArgumentTypeError(
            f"A view of a finished result cannot be given {', '.join(refused)}, which a model "
            "would have to compute. Use PairView(explainer, text_a, text_b)."
        )
    settings = pair.settings
    shown = {"similarity": pair.similarity, "unit": pair.unit, "folded": pair.folded}
    return Opening(
        None,
        Found(pair, None, pack(pair), b""),
        pair.similarity,
        (pair.unit, *(unit for unit in UNITS if unit in COARSER.get(pair.unit, ()))),
        tuple(pair.scores),
        {
            "model_name": model_title(settings.model),
            "layers": settings.layers,
            "baselines": [settings.baseline],
            "live": False,
        },
        {**computed_by(pair), **shown, **traits},
    )


def computed_by(pair: PairAttribution) -> dict[str, Any]:
    """Return the traits that say how a result was computed."""
    return {
        "text_a": _encodable(pair.text_a),
        "text_b": _encodable(pair.text_b),
        "layer": pair.settings.layer,
        "baseline": pair.settings.baseline,
        **_rule(pair.settings.rule),
    }


def _encodable(text: str) -> str:
    """Return `text` with lone surrogates, which no message can carry, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _rule(label: str) -> dict[str, Any]:
    """Return the traits that describe a result's rule, as far as its label tells."""
    told = re.fullmatch(r"([a-z-]+)\(([\d.e-]+)\)", label)
    if told is None or told[1] not in RULE_NAMES:
        return {}
    if told[1] == Adaptive.key:
        return {"rule": told[1], "tolerance": float(told[2])}
    return {"rule": told[1], "steps": int(told[2])}
