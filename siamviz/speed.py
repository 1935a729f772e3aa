"""How fast an embedding moves along a path, and the arc-length coordinate that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.errors import InvalidArgumentError

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator

_FORMAT = "siamviz.speed-profile/1"
_INTERVALS = 256
_SIGMA = 8 / 256
_UNIFORM_SHARE = 0.2


@dataclass(frozen=True)
class SpeedProfile:
    """Where on [0, 1] the embedding of a model's paths moves, as a density.

    Attributes
    ----------
    density : tuple of float, length n
        Relative speed ‖dF/dt‖ on n equal intervals of [0, 1]: positive, with mean 1. Profiles
        with equal densities are equal, and a profile can be part of a cache key.

    Raises
    ------
    InvalidArgumentError
        If the density is empty, not positive and finite, or its mean is not 1.

    Examples
    --------
    >>> SpeedProfile.flat().t(np.array([0.0, 0.25, 1.0]))
    array([0.  , 0.25, 1.  ])
    """

    density: tuple[float, ...]

    def __post_init__(self) -> None:
        values = np.asarray(self.density, dtype=np.float64)
        if values.ndim != 1 or values.size == 0:
            raise InvalidArgumentError(
                f"density must be a non-empty sequence of numbers, got shape {values.shape}."
            )
        if not np.all(np.isfinite(values)) or values.min() <= 0:
            raise InvalidArgumentError(
                f"density must be positive and finite everywhere, got values from "
                f"{values.min()} to {values.max()}."
            )
        if abs(values.mean() - 1) > 1e-9:
            raise InvalidArgumentError(f"density must have mean 1, got {values.mean()!r}.")
        object.__setattr__(self, "density", tuple(values.tolist()))

    @classmethod
    def flat(cls) -> SpeedProfile:
        """Return the profile of a path with constant speed."""
        return cls((1.0,) * _INTERVALS)

    @classmethod
    def from_speeds(cls, speeds: np.ndarray) -> SpeedProfile:
        """Average the measured speeds of several texts into one profile.

        Each text's speeds are scaled to mean 1, averaged, smoothed by a Gaussian with a standard
        deviation of 8/256 of the whole interval, and mixed: four parts of the average with one
        part of a constant, so that no place is left without nodes. Texts that do not move at
        all are left out; when no text moves, the profile is flat.

        Parameters
        ----------
        speeds : (n_texts, n_intervals) array
            Length of the embedding's change over each of n equal intervals of [0, 1], in any
            unit. The number of intervals is free: coarse scans are interpolated.

        Raises
        ------
        InvalidArgumentError
            If the array is not two-dimensional, is empty, or has negative or non-finite values.
        """
        values = np.asarray(speeds, dtype=np.float64)
        if values.ndim != 2 or values.size == 0:
            raise InvalidArgumentError(
                f"speeds must have shape (n_texts, n_intervals), got shape {values.shape}."
            )
        if not np.all(np.isfinite(values)) or values.min() < 0:
            raise InvalidArgumentError(
                "speeds must be finite and not negative; they are norms of embedding changes."
            )
        moving = values[values.sum(axis=1) > 0]
        if len(moving) == 0:
            return cls.flat()
        average = np.mean(moving / moving.mean(axis=1, keepdims=True), axis=0)
        mixed = (1 - _UNIFORM_SHARE) * _smooth(_resample(average)) + _UNIFORM_SHARE
        return cls(tuple((mixed / mixed.mean()).tolist()))

    def t(self, s: np.ndarray) -> np.ndarray:
        """Return the path positions t(s) at which the share s of the arc length is covered.

        A monotone cubic interpolant with t(0) = 0 and t(1) = 1; `s` has any shape.
        """
        return np.clip(_arc_length_map(self)(s), 0.0, 1.0)

    def dt_ds(self, s: np.ndarray) -> np.ndarray:
        """Return the exact derivative of :meth:`t` at `s`, of the same shape."""
        return _arc_length_map(self)(s, nu=1)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain data for JSON."""
        return {"format": _FORMAT, "density": list(self.density)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SpeedProfile:
        """Restore what :meth:`to_dict` returned, exactly.

        Raises
        ------
        InvalidArgumentError
            If `data` is not such a mapping.
        """
        if data.get("format") != _FORMAT or "density" not in data:
            raise InvalidArgumentError(
                f"This is not a stored speed profile: expected the format {_FORMAT!r} and a "
                f"'density', got the format {data.get('format')!r} and the keys {list(data)}."
            )
        try:
            density = tuple(float(value) for value in data["density"])
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(
                f"density must be a list of numbers, got {data['density']!r}."
            ) from error
        return cls(density)

    def __repr__(self) -> str:
        return (
            f"SpeedProfile(intervals={len(self.density)}, "
            f"slowest={min(self.density):.2f}, fastest={max(self.density):.2f})"
        )


def _cumulative(density: np.ndarray) -> np.ndarray:
    """Integrate a density on n equal intervals: (n + 1,) values from 0 to 1."""
    total = np.concatenate([[0.0], np.cumsum(density)])
    return total / total[-1]


def _resample(density: np.ndarray) -> np.ndarray:
    """Bring a density to the standard number of intervals, keeping its integral."""
    from scipy.interpolate import PchipInterpolator

    if len(density) == _INTERVALS:
        return density
    knots = np.linspace(0, 1, len(density) + 1)
    length = PchipInterpolator(knots, _cumulative(density))
    return np.diff(length(np.linspace(0, 1, _INTERVALS + 1))) * _INTERVALS


def _smooth(density: np.ndarray) -> np.ndarray:
    """Convolve with a Gaussian that is reflected at both ends, which keeps the integral."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(density, _SIGMA * len(density), mode="reflect")


@lru_cache(maxsize=64)
def _arc_length_map(profile: SpeedProfile) -> PchipInterpolator:
    """Interpolate t as a function of the share s of the arc length."""
    from scipy.interpolate import PchipInterpolator

    density = np.asarray(profile.density)
    return PchipInterpolator(_cumulative(density), np.linspace(0, 1, len(density) + 1))
