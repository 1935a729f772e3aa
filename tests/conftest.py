"""Settings that all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import pytest

# Nothing in the tests may reach for a network; huggingface_hub reads this when it is imported.
os.environ["HF_HUB_OFFLINE"] = "1"

import siamviz

# Times vary with the machine's load; a slow example is no failure.
hypothesis.settings.register_profile("siamviz", deadline=None)
hypothesis.settings.load_profile("siamviz")


@pytest.fixture(scope="session")
def explainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[siamviz.Explainer]:
    """One explainer on the packaged all-MiniLM-L6-v2, offline, with a profile folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIAMVIZ_CACHE", str(tmp_path_factory.mktemp("profiles")))
        yield siamviz.Explainer("all-MiniLM-L6-v2")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute in one thread: the products of tiny models are slower on several."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new widgets find a front end."""
    import comm
    from frontend import FrontEnd

    monkeypatch.setattr(comm, "create_comm", FrontEnd)


@pytest.fixture
def live(connected: None, explainer: siamviz.Explainer) -> Iterator[siamviz.PairView]:
    """A view with a front end, its first result there."""
    from frontend import CHEAP, A, B

    view = siamviz.PairView(explainer, A, B, **CHEAP)
    view.comm.wait("frame", final=True)
    assert view.attribution is not None
    yield view
    view.close()
