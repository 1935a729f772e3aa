"""Dataset runs on a real Ray cluster of two nodes, whose processes are killed as they work."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import runs

import siamviz
from siamviz.errors import (
    ArgumentTypeError,
    CancelledError,
    DataError,
    InvalidArgumentError,
)
from siamviz.files import ASIDE
from siamviz.study.analysis import analyze
from siamviz.study.progress import Note, Step
from siamviz.study.run import Run
from siamviz.study.shards import Shards
from siamviz.study.store import Store

ray = pytest.importorskip("ray")

from siamviz.study import workers  # noqa: E402
from siamviz.study.cluster import Pool, check_workers  # noqa: E402 needs Ray
from siamviz.study.ray_engine import connected  # noqa: E402
from siamviz.study.workers import Orders, PairWorker, TextWorker  # noqa: E402

MODEL = "all-MiniLM-L6-v2"
OPTIONS = {"text_a": "first", "text_b": "second", "gold": "score", "steps": 6, "progress": False}
PATIENCE = 120.0


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pairs that can be used, and one that cannot."""
    file = tmp_path_factory.mktemp("data") / "pairs.csv"
    runs.records().to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def local(
    pairs: Path, explainer: siamviz.Explainer, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """What the local engine makes of them."""
    return analyze(pairs, model=explainer, out=tmp_path_factory.mktemp("local"), **OPTIONS)


@pytest.fixture(scope="module")
def cluster(explainer: siamviz.Explainer) -> Iterator[Any]:
    """Two nodes of one CPU each; this process is connected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        found = two_nodes()
        try:
            ray.init(found.address, log_to_driver=False, logging_level="error")
            yield found
        finally:
            ray.shutdown()
            found.shutdown()


def two_nodes(tries: int = 3) -> Any:
    """A cluster; on a busy machine a node may miss the seconds that Ray gives it to start."""
    from ray.cluster_utils import Cluster

    found = Cluster()
    try:
        for _ in range(2):
            found.add_node(**node())
    except Exception:
        found.shutdown()
        if tries == 1:
            raise
        return two_nodes(tries - 1)
    return found


def node() -> dict[str, Any]:
    """A small node, whose agents have ports of their own."""
    ports = ("metrics_agent", "metrics_export", "dashboard_agent_listen", "runtime_env_agent")
    return {
        "num_cpus": 1,
        "object_store_memory": 80 * 2**20,
        "include_dashboard": False,
        "include_log_monitor": False,
    } | {f"{port}_port": free_port() for port in ports}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        return found.getsockname()[1]


def on_ray(pairs: Path, folder: Path, **options: Any) -> Run:
    return analyze(pairs, model=MODEL, out=folder, engine="ray", **(OPTIONS | options))


def worker_processes(cluster: Any) -> list[int]:
    """Processes of the cluster's nodes that work on parts."""
    nodes = {str(one.all_processes["raylet"][0].process.pid) for one in cluster.list_all_nodes()}
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if title.startswith(b"ray::MapWorker") and parent in nodes:
            found.append(int(folder.name))
    return found


def texts_in(run: Run) -> list[str]:
    """The text_ids of all rows of all parts."""
    files = (run.folder / "texts").glob("*.arrow")
    parts = [pa.ipc.open_file(file).read_all() for file in files]
    return [key for part in parts for key in part["text_id"].to_pylist()]


def assert_equal_runs(found: Run, expected: Run) -> None:
    """Every row once, with the same numbers to 1e-6."""
    from pandas.testing import assert_frame_equal

    assert found.counts() == expected.counts()
    orders = {"pairs": "row", "attributions": "row", "word_pairs": "row, i, j"}
    for table, order in orders.items():
        query = f"FROM {table} ORDER BY {order}"
        assert_frame_equal(found.sql(query), expected.sql(query), rtol=0, atol=1e-6)
    assert sorted(texts_in(found)) == sorted(texts_in(expected))
    one, other = (Shards(Store(run.folder)) for run in (found, expected))
    for key in texts_in(expected):
        assert abs(one.get(key).vectors - other.get(key).vectors).max() < 1e-6
    assert not list(found.folder.rglob(f"{ASIDE}*"))


class Murderer:
    """A listener that kills the workers when the first part is there, and reads what was begun."""

    def __init__(self, cluster: Any, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder
        self.killed: list[int] = []
        self.begun: list[str] = []

    def __call__(self, told: Note | Step) -> None:
        if isinstance(told, Note) or told.stage != "attributions":
            return
        for permit in self._folder.glob(f"{ASIDE}*"):
            self.begun = max(self.begun, permit.read_text().split(), key=len)
        if not self.killed:
            self.killed = worker_processes(self._cluster)
            for process in self.killed:
                os.kill(process, signal.SIGKILL)


def test_driver_and_workers_are_killed_and_results_are_those_of_the_local_engine(
    pairs: Path, local: Run, cluster: Any, tmp_path: Path, explainer: siamviz.Explainer
):
    folder, copy = tmp_path / "run", tmp_path / "copy"
    kill_driver_after_first_part(pairs, folder, cluster.address)
    kept = {file: file.stat().st_mtime_ns for file in folder.glob("texts/*.arrow")}
    assert kept
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(f"{ASIDE}*"))
    murderer = Murderer(cluster, folder)
    assert_equal_runs(on_ray(pairs, folder, progress=murderer), local)
    assert murderer.killed
    assert any(murderer.begun.count(part) > 1 for part in murderer.begun)
    assert_equal_runs(analyze(pairs, model=explainer, out=copy, **OPTIONS), local)
    for run in (folder, copy):
        assert all((run / "texts" / file.name).is_file() for file in kept)
    assert {file: file.stat().st_mtime_ns for file in kept} == kept


def kill_driver_after_first_part(pairs: Path, folder: Path, address: str) -> None:
    """Have another process make the run, and kill that when the first part is there."""
    options = OPTIONS | {"model": MODEL, "out": str(folder), "engine": "ray", "address": address}
    command = f"import siamviz; siamviz.analyze({str(pairs)!r}, **{options!r})"
    driver = subprocess.Popen([sys.executable, "-c", command])
    end = time.monotonic() + PATIENCE
    try:
        while not any(folder.glob("texts/*.arrow")):
            assert driver.poll() is None, "It ended by itself."
            assert time.monotonic() < end, "It wrote nothing."
            time.sleep(0.05)
    finally:
        driver.kill()
        driver.wait()


def test_a_cancelled_run_stops_its_workers_and_can_go_on(
    pairs: Path, local: Run, cluster: Any, tmp_path: Path, explainer: siamviz.Explainer
):
    began: list[float] = []

    def cancel() -> bool:
        if any(tmp_path.glob("texts/*.arrow")):
            began.append(time.monotonic())
        return bool(began)

    with pytest.raises(CancelledError, match="the same call goes on from there"):
        on_ray(pairs, tmp_path, cancel=cancel)
    assert time.monotonic() - began[0] < PATIENCE
    parts = list(tmp_path.glob("texts/*.arrow"))
    assert not list(tmp_path.glob(f"{ASIDE}*"))
    assert_equal_runs(analyze(pairs, model=explainer, out=tmp_path, **OPTIONS), local)
    assert 0 < len(parts) < len(list(tmp_path.glob("texts/*.arrow")))


# What a worker refuses


@pytest.fixture
def orders(local: Run, tmp_path: Path) -> Orders:
    """Fit for a copy of the local run."""
    folder = tmp_path / "run"
    shutil.copytree(local.folder, folder)
    permit = folder / f"{ASIDE}permit"
    permit.touch()
    return Orders(folder, permit, MODEL, 1, version("siamviz"))


def answer(worker: TextWorker | PairWorker, part: int = 90) -> dict[str, Any]:
    """What a worker says to a part with one text, or one pair."""
    key: dict[str, Any] = {"text_id": "x", "role": "", "text": "A dog.", "tokens": 5}
    if isinstance(worker, PairWorker):
        text = texts_in(Run(worker._orders.folder))[0]
        key = {"row": 0, "pair_id": "p", "a": text, "b": text, "picked": "all"}
    return worker(pa.Table.from_pylist([{"part": part, "keys": [key]}])).to_pylist()[0]


def written(orders: Orders) -> list[Path]:
    return list(orders.folder.glob("*/part-00090.*"))


def changed(orders: Orders, **values: Any) -> Orders:
    return replace(orders, **values)


def test_a_worker_writes_its_part_and_tells_its_number(orders: Orders):
    assert answer(TextWorker(orders)) == {"part": 90, "error": None}
    assert answer(PairWorker(orders)) == {"part": 90, "error": None}
    assert len(written(orders)) == 3


@pytest.mark.parametrize("kind", [TextWorker, PairWorker])
def test_a_worker_without_its_permit_writes_nothing(orders: Orders, kind: type[TextWorker]):
    orders.permit.unlink()
    assert "The run was stopped, or goes on in another process." in answer(kind(orders))["error"]
    assert not written(orders)
    assert not orders.permit.exists()


@pytest.mark.parametrize("kind", [TextWorker, PairWorker])
def test_a_permit_that_is_taken_away_meanwhile_stops_a_worker(
    orders: Orders, kind: type[TextWorker]
):
    worker = kind(orders)
    assert worker._stage
    begin = worker._begin

    def begin_and_lose(part: int) -> None:
        begin(part)
        orders.permit.unlink()

    worker._begin = begin_and_lose
    assert "cancelled" in answer(worker)["error"]
    assert not written(orders)


def test_a_part_over_which_workers_keep_dying_is_given_up(orders: Orders):
    orders.permit.write_text("7\n90\n" * 5)
    error = answer(PairWorker(orders))["error"]
    assert error.startswith("5 workers died over the same part, for want of memory perhaps. ")
    assert answer(PairWorker(orders), part=8)["error"] is None


def test_a_worker_with_other_weights_says_so(orders: Orders):
    store = Store(orders.folder)
    store.update(settings={**store.settings, "weights": "0"})
    error = answer(TextWorker(orders))["error"]
    assert error.startswith(f"The model {MODEL!r} has other weights there than those of the run. ")
    assert not written(orders)


def test_a_worker_that_does_not_see_the_folder_says_so(orders: Orders):
    error = answer(TextWorker(changed(orders, folder=orders.folder / "elsewhere")))["error"]
    assert "has to be on a file system that all machines of the cluster share" in error


def test_a_worker_that_does_not_see_what_others_wrote_says_so(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workers, "SEEN_WITHIN", 0.0)
    worker = PairWorker(orders)
    key = {"row": 0, "pair_id": "p", "a": "unseen", "b": "unseen", "picked": "all"}
    told = worker(pa.Table.from_pylist([{"part": 90, "keys": [key]}])).to_pylist()[0]
    assert "are not seen there. All machines of the cluster have to share" in told["error"]
    assert not written(orders)


def test_a_worker_of_another_version_says_so(orders: Orders):
    error = answer(TextWorker(changed(orders, made_with="0.0.1")))["error"]
    assert "the run is made with 0.0.1. Install the same version on all machines" in error


# What is refused beforehand


def test_threads_are_shared_among_the_workers_that_fit() -> None:
    assert Pool.fit([8], None) == Pool(4, 2)
    assert Pool.fit([1, 1], None) == Pool(2, 1)
    assert Pool.fit([3, 3], None) == Pool(2, 2)
    assert Pool.fit([8], 2) == Pool(2, 4)
    assert Pool.fit([4, 4], 3) == Pool(3, 2)
    assert Pool.fit([3, 3, 0], 5) == Pool(5, 1)
    with pytest.raises(InvalidArgumentError, match="at most 6, the CPUs of the Ray cluster, got 7"):
        Pool.fit([3, 3], 7)
    with pytest.raises(InvalidArgumentError, match="The Ray cluster has no CPUs"):
        Pool.fit([0], None)


def test_a_model_that_workers_cannot_load_is_refused(
    pairs: Path, explainer: siamviz.Explainer, tmp_path: Path
):
    for model in (explainer, explainer.model):
        kind = type(model).__name__
        with pytest.raises(InvalidArgumentError, match=f"got an object of type {kind}"):
            analyze(pairs, model=model, out=tmp_path, engine="ray", progress=False)
    assert not list(tmp_path.iterdir())


def test_engines_are_named_and_their_arguments_checked(pairs: Path, tmp_path: Path):
    with pytest.raises(InvalidArgumentError, match=r"'rya' is not known.* Did you mean 'ray'"):
        analyze(pairs, out=tmp_path, engine="rya")
    for argument in ({"address": "auto"}, {"workers": 2}):
        with pytest.raises(InvalidArgumentError, match="Add engine='ray', or leave them out"):
            analyze(pairs, out=tmp_path, **argument)
    with pytest.raises(InvalidArgumentError, match="workers must be at least 1, got 0"):
        check_workers(0)
    with pytest.raises(ArgumentTypeError, match=r"workers must be a whole number, got 1\.5"):
        check_workers(1.5)


def test_another_cluster_than_the_connected_one_is_refused(
    pairs: Path, cluster: Any, tmp_path: Path
):
    with pytest.raises(InvalidArgumentError, match=r"Leave address out, or call ray\.shutdown\(\)"):
        on_ray(pairs, tmp_path, address="192.0.2.1:6379")


def test_an_address_that_does_not_answer_is_told_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    address = f"127.0.0.1:{free_port()}"
    opened = connected(MODEL, address)
    with pytest.raises(InvalidArgumentError, match=f"No Ray cluster answers at '{address}': "):
        opened.__enter__()


def test_without_ray_the_extra_is_named(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(ImportError, match=r"pip install 'siamviz\[ray\]'"):
        on_ray(pairs, tmp_path)


def test_an_error_of_a_worker_ends_the_run_with_what_it_said(
    pairs: Path, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("siamviz.study.ray_engine.version", lambda name: "0.0.1")
    with pytest.raises(DataError, match=r"A worker of the Ray cluster stopped\. It has siamviz "):
        on_ray(pairs, tmp_path)
