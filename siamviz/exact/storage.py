"""Exact models on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz import files, models
from siamviz.errors import InvalidArgumentError
from siamviz.reference_shift import shift_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def save(model: SentenceTransformer, folder: str | Path) -> None:
    """Write an exact model, its weights as safetensors.

    `load` and ``siamviz.Explainer(folder)`` read it without a trust flag. Plain
    ``SentenceTransformer(folder, trust_remote_code=True)`` reads it where siamviz is installed:
    sentence-transformers asks for the flag for every module that is not its own.

    Parameters
    ----------
    model : SentenceTransformer
        From `siamviz.exact.shift`.
    folder : str or path
        New, empty, or with a model that is replaced.

    Raises
    ------
    InvalidArgumentError
        If the model has no reference shift, or the folder holds something else.
    """
    _check_exact(model, "The model")
    path = check_vacant(folder)
    with files.written_folder(path) as aside, models.quiet():
        model.save(str(aside), create_model_card=False, safe_serialization=True)


def check_vacant(folder: str | Path) -> Path:
    """Return a folder's path if a model may be written there.

    Raises
    ------
    InvalidArgumentError
        If it holds something that is no model.
    """
    path = Path(folder).expanduser().absolute()
    if path.exists() and (
        not path.is_dir() or (any(path.iterdir()) and not (path / "modules.json").is_file())
    ):
        raise InvalidArgumentError(
            f"{str(path)!r} holds something that is no model. Give a new or an empty folder."
        )
    return path


def load(folder: str | Path, device: str | None = None) -> SentenceTransformer:
    """Read an exact model.

    Raises
    ------
    ModelNotFoundError
        If there is none that can be loaded.
    InvalidArgumentError
        If the model has no reference shift.
    """
    model = models.load(str(folder), device)
    _check_exact(model, f"The model in {str(folder)!r}")
    return model


def _check_exact(model: Any, what: str) -> None:
    if shift_of(model) is None:
        raise InvalidArgumentError(
            f"{what} has no reference shift, so it is not exact. Make it so with "
            "siamviz.exact.shift(model)."
        )
