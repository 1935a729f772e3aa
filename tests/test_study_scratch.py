"""Temporary files of questions over a run: gone with the process, however it ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from siamviz.study import scratch

HOLD = """
import sys
from siamviz.study.scratch import scratch_folder
folder = scratch_folder()
folder.mkdir()
(folder / "spilled").write_text("x")
print(folder, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    scratch._of_process.cache_clear()
    yield tmp_path
    scratch._of_process.cache_clear()


def held() -> tuple[subprocess.Popen[str], Path]:
    """A process that has written into its folder and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_removed_and_that_of_a_living_one_is_not(room: Path):
    dead, left = held()
    alive, own = held()
    assert (left / "spilled").is_file()
    assert left.is_relative_to(room)
    dead.kill()
    dead.communicate()
    assert left.is_dir()
    scratch.scratch_folder()
    assert not left.parent.exists()
    assert (own / "spilled").is_file()
    alive.communicate("\n")
    assert not own.parent.exists()


def test_a_run_spills_into_it(room: Path, tmp_path: Path):
    from siamviz.study.store import _database

    database = _database()
    [(place,)] = database.execute("SELECT current_setting('temp_directory')").fetchall()
    assert Path(place).parent.is_relative_to(room)
    assert Path(place).parent.is_dir()
    database.execute("SET memory_limit = '40MB'")
    database.execute("CREATE TABLE t AS SELECT range AS n, hash(range) AS h FROM range(4000000)")
    assert any(Path(place).iterdir())
    database.close()
    assert not Path(place).exists()
