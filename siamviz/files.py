"""Files that are there whole or not at all."""

from __future__ import annotations

import glob
import json
import os
import shutil
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from siamviz.errors import ArgumentTypeError, InvalidArgumentError

ASIDE = ".aside-"
_BEFORE = "-before"


def check_target(path: str | os.PathLike[str], suffixes: Sequence[str]) -> Path:
    """Return `path` unless something keeps it from being written, as far as is known.

    Raises
    ------
    InvalidArgumentError
        For another suffix, a folder in its place or no folder around it.
    """
    target = expanded(path)
    reason = ""
    if target.suffix.lower() not in suffixes:
        listed = f"one of {', '.join(suffixes)}" if len(suffixes) > 1 else suffixes[0]
        reason = f"the suffix {target.suffix!r} is not known. Use {listed}."
    elif target.is_dir():
        reason = "it is a folder. Name a file in it."
    elif not target.parent.is_dir():
        reason = f"the folder {str(target.parent)!r} does not exist. Create it first."
    elif not os.access(target.parent, os.W_OK):
        reason = f"the folder {str(target.parent)!r} is read-only. Choose another."
    if reason:
        raise InvalidArgumentError(f"Cannot save to {str(target)!r}: {reason}")
    return target


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path with ``~`` as the user's folder.

    Raises
    ------
    ArgumentTypeError, InvalidArgumentError
        If it is no path, or of a user who is not known.
    """
    try:
        return Path(path).expanduser()
    except TypeError:
        raise ArgumentTypeError(f"A path must be a str or a Path, got {path!r:.60}.") from None
    except RuntimeError as failure:
        raise InvalidArgumentError(f"{str(path)!r} leads nowhere: {failure}") from failure


@contextmanager
def written(path: Path) -> Generator[Path]:
    """Give a path beside `path`; what is written there takes its place, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.parent / f"{ASIDE}{uuid.uuid4().hex}"
    try:
        yield aside
        _sync(aside)
        aside.replace(path)
        _sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def written_folder(path: Path) -> Generator[Path]:
    """Give a folder beside `path`; with what is written there it takes its place, whole or not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{ASIDE}{glob.escape(path.name)}-*"):
        if left.name.endswith(_BEFORE) and not path.exists():
            left.replace(path)
        else:
            shutil.rmtree(left)
    aside = path.parent / f"{ASIDE}{path.name}-{uuid.uuid4().hex}"
    before = aside.with_name(f"{aside.name}{_BEFORE}")
    try:
        yield aside
        if path.exists():
            path.replace(before)
        aside.replace(path)
        _sync(path.parent)
    finally:
        for left in (aside, before):
            shutil.rmtree(left, ignore_errors=True)


def write_json(path: Path, data: Any) -> None:
    """Write `data` as readable JSON."""
    with written(path) as aside:
        aside.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def sweep(folder: Path) -> None:
    """Remove what a process left in a folder that was killed while it wrote."""
    for aside in folder.glob(f"{ASIDE}*"):
        aside.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have the disk keep what was written."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
