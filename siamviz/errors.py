"""The errors siamviz raises; each message names the value, what is allowed, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral


class SiamvizError(Exception):
    """Base class of every error that siamviz raises on purpose."""


class InvalidArgumentError(SiamvizError, ValueError):
    """An argument has the right type but a value that makes no sense here."""


class DataError(SiamvizError, ValueError):
    """A dataset cannot be read or its columns do not hold scored pairs."""


class InvalidTextError(InvalidArgumentError):
    """A text cannot be explained: empty, without tokens, or not valid Unicode."""


class ArgumentTypeError(SiamvizError, TypeError):
    """An argument has the wrong type."""


class UnsupportedModelError(SiamvizError, ValueError):
    """The model has no encoder stack of hidden states, or is no sentence encoder."""


class ModelNotFoundError(SiamvizError, OSError):
    """The model's files are neither at hand nor could they be fetched."""


class ReproductionError(SiamvizError, RuntimeError):
    """siamviz's run of the model does not give what ``model.encode`` gives."""


class NonFiniteError(SiamvizError, ValueError):
    """The model's weights or outputs contain NaN or infinity."""


class NotConvergedError(SiamvizError, RuntimeError):
    """``strict=True`` was asked for and the tolerance was not reached."""


class CancelledError(SiamvizError):
    """The computation was cancelled between two batches of nodes."""


class OutOfMemoryError(SiamvizError, MemoryError):
    """Even the smallest chunk of work did not fit into memory."""


class FrontEndMissingError(SiamvizError, FileNotFoundError):
    """The built front end is not there: it comes with the wheel, and a clone has to build it."""


def suggest(value: object, allowed: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest allowed name, or an empty string."""
    near = difflib.get_close_matches(str(value).lower(), list(allowed), n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


def check_choice(what: str, value: object, allowed: Iterable[str]) -> str:
    """Return `value` if it is one of `allowed`; otherwise raise with the nearest valid name."""
    names = list(allowed)
    if isinstance(value, str) and value in names:
        return value
    listed = ", ".join(repr(name) for name in names)
    raise InvalidArgumentError(
        f"{what} {value!r} is not known. Use one of {listed}.{suggest(value, names)}"
    )


def check_layer(layer: object, layers: int, name: str = "layer") -> int:
    """Return the layer as a number from 0 to `layers`; −1 is the last."""
    if isinstance(layer, bool) or not isinstance(layer, Integral):
        raise ArgumentTypeError(f"{name} must be an int from 0 to {layers}, got {layer!r:.60}.")
    index = layers if layer == -1 else int(layer)
    if not 0 <= index <= layers:
        raise InvalidArgumentError(
            f"{name} {layer} is out of range: this model has {layers} encoder layers. Use 0 (the "
            f"input of the first) to {layers} (the output of the last), or -1 for {layers}."
        )
    return index
