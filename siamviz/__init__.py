"""siamviz shows why a sentence encoder finds two texts similar.

`Explainer` attributes the similarity to pairs of tokens with integrated Jacobians (Möller,
Nikolaev, Padó: "An Attribution Method for Siamese Encoders", EMNLP 2023; for off-the-shelf models
EACL 2024) and says for every result how much of the score it accounts for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siamviz import exact
    from siamviz.attribution import PairAttribution
    from siamviz.contributions import SentenceContributions, Token
    from siamviz.corpus import Corpus
    from siamviz.errors import (
        ArgumentTypeError,
        CancelledError,
        DataError,
        FrontEndMissingError,
        InvalidArgumentError,
        InvalidTextError,
        ModelNotFoundError,
        NonFiniteError,
        NotConvergedError,
        OutOfMemoryError,
        ReproductionError,
        SiamvizError,
        UnsupportedModelError,
    )
    from siamviz.explainer import Explainer
    from siamviz.export.figure import Figure, figure
    from siamviz.export.load import load
    from siamviz.quadrature import (
        Adaptive,
        Calibrated,
        GaussLegendre,
        Midpoint,
        RightRiemann,
        Trapezoid,
    )
    from siamviz.story import Slide, Story
    from siamviz.study.analysis import analyze
    from siamviz.study.run import Run
    from siamviz.widgets.explorer import ErrorExplorer
    from siamviz.widgets.pair_view import PairView

__version__ = "0.1.0"

_HOMES = {
    "siamviz.explainer": ("Explainer",),
    "siamviz.attribution": ("PairAttribution",),
    "siamviz.widgets.pair_view": ("PairView",),
    "siamviz.export.figure": ("Figure", "figure"),
    "siamviz.export.load": ("load",),
    "siamviz.story": ("Slide", "Story"),
    "siamviz.study.analysis": ("analyze",),
    "siamviz.study.run": ("Run",),
    "siamviz.widgets.explorer": ("ErrorExplorer",),
    "siamviz.contributions": ("SentenceContributions", "Token"),
    "siamviz.corpus": ("Corpus",),
    "siamviz.quadrature": (
        "Adaptive",
        "Calibrated",
        "GaussLegendre",
        "Midpoint",
        "RightRiemann",
        "Trapezoid",
    ),
    "siamviz.errors": (
        "ArgumentTypeError",
        "CancelledError",
        "DataError",
        "FrontEndMissingError",
        "InvalidArgumentError",
        "InvalidTextError",
        "ModelNotFoundError",
        "NonFiniteError",
        "NotConvergedError",
        "OutOfMemoryError",
        "ReproductionError",
        "SiamvizError",
        "UnsupportedModelError",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 (in the order a reader meets them; checked by a test)
    "Explainer",
    "PairAttribution",
    "PairView",
    "analyze",
    "Run",
    "ErrorExplorer",
    "figure",
    "Figure",
    "load",
    "Story",
    "Slide",
    "exact",
    "SentenceContributions",
    "Token",
    "GaussLegendre",
    "Midpoint",
    "Trapezoid",
    "RightRiemann",
    "Calibrated",
    "Adaptive",
    "Corpus",
    "SiamvizError",
    "InvalidArgumentError",
    "InvalidTextError",
    "DataError",
    "ArgumentTypeError",
    "UnsupportedModelError",
    "ModelNotFoundError",
    "ReproductionError",
    "NonFiniteError",
    "NotConvergedError",
    "CancelledError",
    "OutOfMemoryError",
    "FrontEndMissingError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    if name == "exact":
        return import_module("siamviz.exact")
    raise AttributeError(f"module 'siamviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
