"""The command that makes a model exact, on a tiny model and a few pairs."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny_models
from test_finetune import pairs
from typer.testing import CliRunner

import siamviz
from siamviz import exact
from siamviz.cli import app

QUICK = ("--learning-rate", "2e-3", "--batch-size", "8", "--epochs", "2")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_models.encoder().save(str(folder), create_model_card=False)
    return str(folder)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    folder = tmp_path_factory.mktemp("pairs")
    for name, seed in (("train", 0), ("dev", 1)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ("a", "b", "gold"))
            writer.writeheader()
            writer.writerows(pairs(seed=seed))
    return "--train", str(folder / "train.csv"), "--dev", str(folder / "dev.csv")


def invoke(*arguments: str):
    return CliRunner().invoke(app, ["exact", *arguments], env={"COLUMNS": "240"})


def test_it_trains_saves_and_says_how_good_the_model_is(model, files, tmp_path):
    out = tmp_path / "exact"
    result = invoke("--model", model, *files, "--out", str(out), *QUICK)
    assert result.exit_code == 0, result.output
    assert "Trained on 48 pairs in 12 steps." in result.stdout
    assert "Spearman shifted, before training: " in result.stdout
    assert "Spearman after epoch 2: " in result.stdout
    assert f"Saved {out}" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["exact"]
    assert siamviz.Explainer(str(out)).explain("the dog", "a cat sleeps").base == 0


def test_with_json_it_prints_nothing_else(model, files, tmp_path):
    result = invoke("--model", model, *files, "--out", str(tmp_path / "o"), *QUICK, "--json")
    found = json.loads(result.stdout)
    assert (found["pairs"], found["steps"], found["unusable"]) == (48, 12, 0)
    assert [one["epoch"] for one in found["scores"]] == [0, 1, 2]


def test_a_folder_with_something_else_is_refused_before_training(model, files, tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    result = invoke("--model", model, *files, "--out", str(tmp_path), *QUICK)
    assert result.exit_code == 2
    assert "holds something that is no model" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_killed_at_work_it_goes_on_and_ends_as_if_it_had_not_been(model, files, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    options = (*files, "--learning-rate", "2e-3", "--batch-size", "2", "--epochs", "4")
    assert invoke("--model", model, *options, "--out", str(whole)).exit_code == 0
    checkpoints = parts.with_name("parts.training")
    code = "import sys; sys.argv[0] = 'siamviz'; from siamviz.cli import app; app()"
    arguments = [sys.executable, "-c", code, "exact", "--model", model, *options]
    process = subprocess.Popen(
        [*arguments, "--out", str(parts)],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 120
    while not _saved(checkpoints) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert _saved(checkpoints), "it was over before it was killed"
    result = invoke("--model", model, *options, "--out", str(parts), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["steps"] == 96
    one, other = exact.load(whole), exact.load(parts)
    for text in ("the dog runs in the garden", "a cat"):
        assert one.encode(text) == pytest.approx(other.encode(text), abs=1e-4)


def _saved(folder: Path) -> bool:
    """Whether there is a whole checkpoint: the trainer writes its state last."""
    return bool(list(folder.glob("checkpoint-*/trainer_state.json")))


def test_a_folder_is_found_from_the_users_home_and_here_is_no_new_one(
    model, files, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    result = invoke("--model", model, *files, "--out", "~/exact", *QUICK)
    assert result.exit_code == 0, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["exact"]
    monkeypatch.chdir(tmp_path)
    result = invoke("--model", model, *files, "--out", ".", *QUICK)
    assert result.exit_code == 2
    assert "holds something that is no model" in result.stderr
