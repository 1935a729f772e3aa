"""A run of a few real pairs, and its explorer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import siamviz
from explorer.explored import CHEAP, records
from siamviz.study.analysis import analyze
from siamviz.study.run import Run
from siamviz.widgets.explorer import ErrorExplorer


@pytest.fixture(scope="module")
def folder(explainer: siamviz.Explainer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few real pairs."""
    out = tmp_path_factory.mktemp("runs") / "small"
    analyze(records(), out=out, model=explainer, text_a="a", text_b="b", gold="gold", **CHEAP)
    return out


@pytest.fixture
def run(folder: Path, explainer: siamviz.Explainer) -> Run:
    (folder / "notes.json").unlink(missing_ok=True)
    return Run(folder, explainer)


@pytest.fixture
def explorer(connected: None, run: Run) -> Iterator[ErrorExplorer]:
    made = ErrorExplorer(run)
    yield made
    made.close()
