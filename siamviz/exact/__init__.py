"""Exact models: encoders for which the matrix of token pairs alone sums to the score."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siamviz.exact.comparing import agreement
    from siamviz.exact.shifting import shift
    from siamviz.exact.storage import load, save
    from siamviz.exact.training import Tuning, finetune

_HOME_OF = {
    "agreement": "comparing",
    "shift": "shifting",
    "finetune": "training",
    "Tuning": "training",
    "save": "storage",
    "load": "storage",
}

__all__ = ["Tuning", "agreement", "finetune", "load", "save", "shift"]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"siamviz.exact.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'siamviz.exact' has no attribute {name!r}")
