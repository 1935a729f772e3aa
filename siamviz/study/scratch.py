"""Room on disk for what does not fit into memory; what a killed process left is removed."""

from __future__ import annotations

import atexit
import os
import shutil
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4


def scratch_folder() -> Path:
    """Return a path for temporary files, not there yet, that goes when this process does."""
    return _of_process(os.getpid()) / uuid4().hex


@cache
def _of_process(process: int) -> Path:
    """Remove the folders of dead processes, and make and hold that of this one."""
    filelock = import_module("filelock")
    user = os.getuid() if hasattr(os, "getuid") else "user"
    root = Path(gettempdir()) / f"siamviz-{user}"
    root.mkdir(mode=0o700, exist_ok=True)
    with filelock.FileLock(root / "lock"):
        for file in root.glob("*.held"):
            _remove_dead(file)
        folder = root / f"{process}-{uuid4().hex}"
        held = filelock.FileLock(folder.with_suffix(".held"))
        held.acquire()
    folder.mkdir()
    atexit.register(_give_back, folder, held)
    return folder


def _remove_dead(file: Path) -> None:
    filelock = import_module("filelock")
    try:
        with filelock.FileLock(file, timeout=0):
            shutil.rmtree(file.with_suffix(""), ignore_errors=True)
    except filelock.Timeout:
        return
    file.unlink(missing_ok=True)


def _give_back(folder: Path, held: Any) -> None:
    """Remove the folder; unlike `held`, which a forked process has too, it is this one's own."""
    if folder.name.startswith(f"{os.getpid()}-"):
        shutil.rmtree(folder, ignore_errors=True)
        held.release()
        folder.with_suffix(".held").unlink(missing_ok=True)
