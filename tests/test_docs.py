"""The documentation: it builds without a warning, its links lead somewhere, its samples run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
TOLD = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
SAMPLE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)|(?:src|srcset)=\"([^\"]+)\"")


def samples(page: Path) -> list[str]:
    return SAMPLE.findall(page.read_text("utf-8"))


@pytest.mark.parametrize("page", [p for p in PAGES if samples(p)], ids=lambda page: page.stem)
def test_the_samples_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = ModuleType(f"docs_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for sample in samples(page):
        exec(compile(sample, page.name, "exec"), vars(module))  # noqa: S102 - our own


@pytest.mark.parametrize("page", TOLD, ids=lambda page: page.stem)
def test_the_samples_of_all_pages_are_python(page):
    for sample in samples(page):
        compile(sample, page.name, "exec")


@pytest.mark.parametrize("page", TOLD, ids=lambda page: page.stem)
def test_links_lead_to_files(page):
    for found in LINK.findall(page.read_text("utf-8")):
        target = "".join(found)
        if not target.startswith(("https://", "http://")):
            assert (page.parent / target).exists(), target


def test_it_builds_without_a_warning(tmp_path):
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", ROOT / "docs", tmp_path],
        capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    reference = (tmp_path / "api.html").read_text("utf-8")
    for name in ("explain_iter", "figure", "ErrorExplorer", "finetune", "NotConvergedError"):
        assert f"siamviz.{name}" in reference or f">{name}<" in reference, name
