"""The documented traits of a view: every control, synchronised with the front end both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
from traitlets import Bool, Bytes, Int, List, Unicode, validate

from siamviz.errors import InvalidArgumentError, check_choice, check_layer
from siamviz.export.page import palette
from siamviz.quadrature import Adaptive
from siamviz.terms import SIMILARITIES
from siamviz.units import UNITS
from siamviz.widgets import choices
from siamviz.widgets.choices import Setting
from siamviz.widgets.request import check_compare, compare_to_json


def _layer(owner: Any, name: str, value: Any) -> int:
    return check_layer(value, owner.layers, name)


def _baseline(owner: Any, _: str, value: Any) -> Any:
    return owner.resolve_baseline(value)


def _compare(owner: Any, _: str, value: Any) -> dict[str, Any] | None:
    return check_compare(value, owner.layers, owner.resolve_baseline)


def _similarity(owner: Any, _: str, value: Any) -> str:
    check_choice("Similarity", value, SIMILARITIES)
    if value not in owner.similarities:
        raise InvalidArgumentError(
            f"This result has no {value} similarity, only {owner.similarities[0]!r}."
        )
    return value


def _unit(owner: Any, _: str, value: Any) -> str:
    return check_choice("Unit", value, owner.units)


class ViewTraits(anywidget.AnyWidget):
    """The traits of `siamviz.PairView`, which has what their checks ask for.

    Attributes
    ----------
    computes : bool
        Whether there is a model.
    finished : bool
        Whether a view without a model is complete: from then on nothing that needs one can change.
    units, similarities : sequence of str
        What the result can be shown by.
    """

    computes = False
    finished = False
    units: Sequence[str] = UNITS
    similarities: Sequence[str] = SIMILARITIES

    text_a = Setting("", choices.text, "The first text.", computes=True)
    text_b = Setting("", choices.text, "The second text.", computes=True)
    layer = Setting(
        0,
        _layer,
        "The layer to attribute to: 0 is the input of the first, −1 the output of the last.",
        computes=True,
    )
    baseline = Setting(
        "pad",
        _baseline,
        "The reference that each text is compared with: one of `baselines`, a text, or whatever "
        "else `Explainer.explain` takes, such as Corpus(references=32).",
        computes=True,
        to_json=lambda value, owner: owner.label_of(value),
    )
    rule = Setting(
        Adaptive.key,
        choices.one_of(*choices.RULES),
        'The quadrature rule: "adaptive" refines to `tolerance`, all others take `steps` nodes.',
        computes=True,
    )
    steps = Setting(16, choices.count(1), "The number of nodes of a fixed rule.", computes=True)
    tolerance = Setting(
        1e-2,
        choices.tolerance,
        "The relative residual at which the adaptive rule stops.",
        computes=True,
    )
    references = Setting(
        16,
        choices.count(2),
        'How many references each side gets with baseline="corpus".',
        computes=True,
    )
    compare = Setting(
        None,
        _compare,
        'What to show beside it: {"baseline": "mask"}, {"layer": 3}, {"text_b": "…"}, {"method": '
        '"deletion"}, {"model": explainer or name}, or None.',
        computes=True,
        to_json=lambda value, owner: compare_to_json(value, owner.label_of),
    )
    similarity = Setting(
        "cosine", _similarity, 'The similarity explained: "cosine" or "dot". Needs no model.'
    )
    unit = Setting("token", _unit, 'Sum effects by "token", "word" or "sentence".')
    folded = Setting(
        False,
        choices.flag,
        "Give each token its share of the reference, so that the pairs alone sum to the score.",
    )
    view = Setting(
        "matrix",
        choices.one_of(*choices.VIEWS),
        'What is drawn: "matrix", "links", "pairs" (a table) or "compare".',
    )
    top_k = Setting(0, choices.count(0), "Show so many of the strongest pairs; 0 shows all.")
    threshold = Setting(0.0, choices.number, "Show only pairs of at least this absolute effect.")
    special = Setting(False, choices.flag, "Whether special tokens have rows and columns.")
    limit = Setting(
        None,
        choices.positive_or_none,
        "The absolute effect at both ends of the colours, locked; None fits it to the result.",
    )
    pins = Setting(
        [],
        choices.pins,
        'Pinned blocks such as {"a": [5], "b": [4, 5]}: indices of finest tokens, where an empty '
        "list is all of a side. `selection` has their sums.",
    )
    theme = Setting(
        "auto", choices.one_of(*choices.THEMES), 'The colours: "auto" follows the notebook.'
    )

    model_name = Unicode(read_only=True, help="The model's name.").tag(sync=True)
    layers = Int(read_only=True, help="The number of the model's encoder layers.").tag(sync=True)
    baselines = List(
        Unicode(), read_only=True, help="The baselines that the model allows, by name."
    ).tag(sync=True)
    live = Bool(read_only=True, help="Whether a model can compute anew.").tag(sync=True)
    _frame = Bytes(read_only=True).tag(sync=True)
    _other = Bytes(read_only=True).tag(sync=True)
    _stale = Bool(read_only=True).tag(sync=True)
    _palette = Bytes(palette(), read_only=True).tag(sync=True)

    def resolve_baseline(self, value: Any) -> Any:
        """Return the baseline that a value is or names; raise if the model lacks it."""
        return value

    def label_of(self, baseline: Any) -> str:
        """Return what a baseline is called, a name that no other one has."""
        return choices.baseline_label(baseline)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a trait; refuse a name that is none, which would change nothing."""
        if not name.startswith("_") and not hasattr(type(self), name):
            choices.check_names([name], self.settings())
        super().__setattr__(name, value)

    @validate("rule", "steps")
    def _check_rule(self, proposal: Any) -> Any:
        given = {"rule": self.rule, "steps": self.steps, proposal.trait.name: proposal.value}
        with choices.as_trait_errors():
            choices.rule_of(given["rule"], given["steps"], self.tolerance)
        return proposal.value

    @classmethod
    def settings(cls) -> list[str]:
        """The names of all traits that may be set."""
        return [name for name, trait in cls.class_traits().items() if isinstance(trait, Setting)]

    @classmethod
    def computations(cls) -> list[str]:
        """The names of those whose change calls for a computation."""
        return list(cls.class_traits(computes=True))
