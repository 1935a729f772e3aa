"""Builds the front end into ``siamviz/static`` before siamviz is installed or packed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = 20
OUTPUTS = tuple(
    f"{name}.{kind}"
    for name in ("siamviz", "explorer", "report", "story")
    for kind in ("js", "css")
)
INSTALL = (
    f"siamviz's front end is built with Node.js {NODE} or later and its npm. Install them "
    "(https://nodejs.org, `apt install nodejs npm`, `brew install node`, `conda install nodejs`) "
    "and try again. A released wheel needs neither."
)


class FrontEndHook(BuildHookInterface):
    """Runs npm when the bundle is missing or older than its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Make sure that the bundle is there."""
        root = Path(self.root)
        if is_stale(root):
            build(root / "js")


def is_stale(root: Path) -> bool:
    """Return whether the bundle is missing, or older than a source in ``js``."""
    outputs = [root / "siamviz" / "static" / name for name in OUTPUTS]
    if not all(output.exists() for output in outputs):
        return True
    built = min(output.stat().st_mtime for output in outputs)
    return any(source.stat().st_mtime > built for source in sources(root / "js"))


def sources(folder: Path) -> list[Path]:
    """Return what the bundle is made from; nothing where only the bundle was shipped."""
    found = [path for path in folder.glob("src/**/*") if path.is_file()]
    bundled = [path for path in found if not re.search(r"\.test\.|/testing/", path.as_posix())]
    return [*bundled, folder / "package-lock.json", folder / "build.mjs"] if bundled else []


def build(folder: Path) -> None:
    """Build the bundle; install its packages first where they are missing."""
    if not sources(folder):
        raise RuntimeError(f"The front end is missing from this copy of siamviz: no {folder}/src.")
    npm = check_node()
    if not (folder / "node_modules" / "esbuild").exists():
        run(folder, npm, "ci", "--omit=dev", "--no-audit", "--no-fund")
    run(folder, npm, "run", "build")


def check_node() -> str:
    """Return the path of npm; raise if it or a recent Node.js is missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise RuntimeError(f"{'Node.js' if node is None else 'npm'} was not found. {INSTALL}")
    version = subprocess.check_output([node, "--version"], text=True).strip()
    if int(version.removeprefix("v").split(".")[0]) < NODE:
        raise RuntimeError(f"Node.js {version} is too old. {INSTALL}")
    return npm


def run(folder: Path, *command: str) -> None:
    """Run a command; raise with what it printed if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` failed in {folder}:\n{done.stdout}{done.stderr}")
