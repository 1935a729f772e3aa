"""A run that is killed with SIGKILL at random moments loses nothing that was finished."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from killed_run import STEPS, damage, kill_once, write_pairs

import siamviz
from siamviz.study.analysis import analyze

COUNT = 40


def test_killed_runs_are_resumed_without_missing_double_or_unreadable_pairs(
    explainer: siamviz.Explainer, tmp_path: Path
):
    file, out = tmp_path / "pairs.csv", tmp_path / "run"
    write_pairs(file, COUNT)
    rng = np.random.default_rng(0)
    alive = [kill_once(file, out, rng, longest=1.5) for _ in range(3)]
    assert any(alive)
    kept = {part: part.stat().st_mtime_ns for part in (out / "texts").glob("part-*")}
    run = analyze(file, model=explainer, out=out, steps=STEPS, progress=False)
    assert not damage(out, COUNT)
    assert all(part.stat().st_mtime_ns == when for part, when in kept.items())
    whole = analyze(file, model=explainer, out=tmp_path / "whole", steps=STEPS, progress=False)
    query = "SELECT row, pairs, base, residual FROM attributions ORDER BY row"
    assert run.sql(query).to_numpy() == pytest.approx(whole.sql(query).to_numpy(), abs=1e-6)
