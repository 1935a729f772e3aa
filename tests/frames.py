"""Frames read back independently of the code that writes them, for tests."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np


def unpack(frame: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the arrays of a frame; every byte must be accounted for."""
    assert frame[:4] == b"siam"
    (length,) = struct.unpack_from("<I", frame, 4)
    start = 8 + length
    assert start % 8 == 0
    header = json.loads(frame[8:start])
    arrays, counted = {}, 0
    for name, (offset, shape) in header["arrays"].items():
        count = int(np.prod(shape))
        values = np.frombuffer(frame, "<f4", count, start + 4 * offset)
        arrays[name] = values.reshape(shape)
        counted += count
    assert start + 4 * counted == len(frame)
    return header, arrays


def summed(header: dict[str, Any], matrix: np.ndarray, unit: str) -> np.ndarray:
    """Return the matrix summed into a unit by the members that the header lists, cell by cell."""
    sides = header["units"][unit]
    return np.array(
        [
            [sum(float(matrix[i, j]) for i in a[4] for j in b[4]) for b in sides["b"]]
            for a in sides["a"]
        ]
    )
