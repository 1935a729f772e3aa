"""A result without a model, what is known of it, and how the view should colour it."""

from __future__ import annotations

import numpy as np
from builders import pair

from siamviz.color import LIGHT, table_index

CELLS = (
    "from builders import pair; shown = pair(coarse=True)",
    "view = shown.view()\nview",
)

PAIR = pair(coarse=True)
MATRIX = np.asarray(PAIR.matrix, dtype=float)
TEXT_ROWS, TEXT_COLUMNS = range(1, MATRIX.shape[0] - 1), range(1, MATRIX.shape[1] - 1)
LIMIT = float(np.abs(MATRIX).max())
RANKED = sorted(
    ((row, column) for row in TEXT_ROWS for column in TEXT_COLUMNS),
    key=lambda cell: -abs(MATRIX[cell]),
)
"""The cells of text, the strongest first."""


def painted(value: float) -> list[int]:
    """Red, green, blue and alpha of an effect."""
    return [*(int(channel) for channel in LIGHT[table_index(value, LIMIT)]), 255]


def css(value: float) -> str:
    """The colour of an effect as a style says it."""
    red, green, blue, _ = painted(value)
    return f"rgb({red}, {green}, {blue})"


def name(row: int, column: int) -> str:
    """What the view calls a cell."""
    return f"{PAIR.tokens_a[row].text} × {PAIR.tokens_b[column].text}"
