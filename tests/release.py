"""``python -m tests.release DIST``: look into sdist and wheel, and use the wheel where nothing is.

The wheel is installed in an empty environment, without Node.js on the path, and explains a pair.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from siamviz import __version__

ROOT = Path(__file__).parents[1]
IN_WHEEL = (
    "siamviz/__init__.py", "siamviz/py.typed", "siamviz/data/corpus_en.json",
    "siamviz/export/page.css", "siamviz/export/typeset.typ", "siamviz/export/handout.typ",
    "siamviz/export/shapes.typ",
    *(f"siamviz/static/{name}.{kind}" for name in ("siamviz", "explorer", "report", "story")
      for kind in ("js", "css")),
)  # fmt: skip
IN_SDIST = (
    *IN_WHEEL, "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff",
    "js/package-lock.json", "js/src/index.ts", "tests/conftest.py", "Makefile",
)  # fmt: skip
NEVER = ("node_modules", "__pycache__", ".ipynb_checkpoints", ".venv", "/out/")
TEXTS = ("The dog runs after the kitten.", "A cat is chased by the dog.")


def main() -> None:
    """Check what `make dist` built."""
    folder = Path(sys.argv[1]).resolve()
    wheel = _only(folder.glob(f"siamviz-{__version__}-*.whl"))
    sdist = _only(folder.glob(f"siamviz-{__version__}.tar.gz"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    _check(wheel, names, IN_WHEEL)
    outside = [n for n in names if not n.startswith(("siamviz/", f"siamviz-{__version__}."))]
    if outside or not any(name.endswith("licenses/LICENSE") for name in names):
        sys.exit(f"{wheel.name}: a licence is missing, or these do not belong: {outside}")
    with tarfile.open(sdist) as archive:
        inside = [name.partition("/")[2] for name in archive.getnames()]
    _check(sdist, inside, IN_SDIST)
    _try(wheel)
    for file in (wheel, sdist):
        print(f"{file.name}: {file.stat().st_size / 1024:.0f} KiB, complete")


def _only(found: Iterable[Path]) -> Path:
    files = list(found)
    if len(files) != 1:
        sys.exit(f"There should be one file of version {__version__}, not {files or 'none'}.")
    return files[0]


def _check(archive: Path, names: list[str], wanted: Iterable[str]) -> None:
    missing = [name for name in wanted if name not in names]
    unwanted = [name for name in names if any(part in name for part in NEVER)]
    if missing or unwanted:
        sys.exit(f"{archive.name}: missing {missing}, and these do not belong: {unwanted}")


def _try(wheel: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scripts = Path(folder, "empty", "bin")
        subprocess.run([sys.executable, "-m", "venv", Path(folder, "empty")], check=True)
        install = [scripts / "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
        subprocess.run([*install, f"{wheel}[demo]"], check=True)
        alone = {"PATH": str(scripts), "HOME": folder, "HF_HUB_OFFLINE": "1"}
        page = Path(folder, "page.html")
        command = [scripts / "siamviz", "explain", *TEXTS, "--html", page]
        subprocess.run(command, check=True, cwd=folder, env=alone)
        if "<script" not in page.read_text("utf-8"):
            sys.exit("The page of the installed wheel is not the interactive one.")


if __name__ == "__main__":
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    main()
