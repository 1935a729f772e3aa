"""A model's speed profile: measured once by embeddings alone, kept in memory and on disk."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from siamviz.speed import SpeedProfile

SCAN_TEXTS = 8
SCAN_POINTS = 13
"""Together about eight nodes' work for sentences of a dozen tokens."""


def cache_folder() -> Path:
    """Where siamviz keeps small files: ``SIAMVIZ_CACHE``, else the user's cache folder."""
    own = os.environ.get("SIAMVIZ_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "siamviz"


class ProfileStore:
    """Speed profiles by what they depend on; a file that cannot be read is measured again."""

    def __init__(self) -> None:
        self._known: dict[str, SpeedProfile] = {}

    def get(self, parts: tuple[str, ...], measure: Callable[[], np.ndarray]) -> SpeedProfile:
        """The profile stored under `parts`, or the one that `measure` gives.

        Parameters
        ----------
        parts : tuple of str
            What the profile depends on.
        measure : callable
            Returns speeds (n_texts, n_intervals).
        """
        name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        if name not in self._known:
            file = cache_folder() / "profiles" / f"{name}.json"
            profile = _read(file)
            if profile is None:
                profile = SpeedProfile.from_speeds(measure())
                _write(file, profile)
            self._known[name] = profile
        return self._known[name]


def _read(file: Path) -> SpeedProfile | None:
    try:
        return SpeedProfile.from_dict(json.loads(file.read_text()))
    except (OSError, ValueError):
        return None


def _write(file: Path, profile: SpeedProfile) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as aside:
            json.dump(profile.to_dict(), aside)
        Path(aside.name).replace(file)
    except OSError:
        return
