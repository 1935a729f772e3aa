"""The front end is built before siamviz is installed or packed, or an error says what to do."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
LIMIT = 120 * 1024
BUILT = [
    f"{name}.{kind}"
    for name in ("siamviz", "explorer", "report", "story")
    for kind in ("js", "css")
]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_hook", ROOT / "js" / "build_hook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A clone whose bundle is newer than its sources."""
    for name, time in {
        "js/src/index.ts": 1000,
        "js/src/state.test.ts": 3000,
        "js/package-lock.json": 1000,
        "js/build.mjs": 1000,
        **{f"siamviz/static/{name}": 2000 for name in BUILT},
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        os.utime(path, (time, time))
    return tmp_path


def put_on_path(monkeypatch: pytest.MonkeyPatch, folder: Path, programs: dict[str, str]) -> None:
    folder.mkdir()
    for name, script in programs.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_bundle_that_is_newer_than_its_sources_is_kept(hook: ModuleType, tree: Path) -> None:
    assert not hook.is_stale(tree)


@pytest.mark.parametrize("name", ["js/src/index.ts", "js/build.mjs", "js/package-lock.json"])
def test_a_source_that_changed_makes_the_bundle_stale(
    hook: ModuleType, tree: Path, name: str
) -> None:
    os.utime(tree / name, (3000, 3000))
    assert hook.is_stale(tree)


@pytest.mark.parametrize("name", BUILT)
def test_a_part_of_the_bundle_that_is_missing_makes_it_stale(
    hook: ModuleType, tree: Path, name: str
) -> None:
    (tree / "siamviz" / "static" / name).unlink()
    assert hook.is_stale(tree)


def test_a_copy_without_sources_is_used_as_it_is(hook: ModuleType, tree: Path) -> None:
    for path in (tree / "js" / "src").iterdir():
        path.unlink()
    assert not hook.is_stale(tree)
    with pytest.raises(RuntimeError, match=r"The front end is missing from this copy of siamviz"):
        hook.build(tree / "js")


def test_without_node_the_error_says_what_to_install(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(monkeypatch, tree / "bin", {})
    with pytest.raises(RuntimeError, match=r"Node\.js was not found\. .* Node\.js 20 or later"):
        hook.build(tree / "js")


def test_without_npm_the_error_says_what_to_install(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(monkeypatch, tree / "bin", {"node": "echo v20.1.0"})
    with pytest.raises(RuntimeError, match=r"npm was not found\. .* Node\.js 20 or later"):
        hook.build(tree / "js")


def test_an_old_node_is_named(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(monkeypatch, tree / "bin", {"node": "echo v18.19.0", "npm": "exit 0"})
    with pytest.raises(RuntimeError, match=r"Node\.js v18\.19\.0 is too old\."):
        hook.build(tree / "js")


def test_a_failed_build_shows_what_npm_printed(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = {"node": "echo v22.0.0", "npm": "echo the reason; exit 1"}
    put_on_path(monkeypatch, tree / "bin", npm)
    with pytest.raises(RuntimeError, match=r"(?s)npm ci .* failed in .*the reason"):
        hook.build(tree / "js")


def test_the_wheel_contains_the_bundle_within_its_limit(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        sizes = [
            archive.getinfo(f"siamviz/static/siamviz.{kind}").file_size for kind in ("js", "css")
        ]
    assert 0 < sum(sizes) <= LIMIT
    assert not [name for name in names if name.startswith("js/")]
