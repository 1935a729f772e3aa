"""Tests of the colour tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamviz import color

TABLES = [(color.LIGHT, color.PAGE_LIGHT, False), (color.DARK, color.PAGE_DARK, True)]
# Simulation of dichromacy: Machado, Oliveira & Fernandes 2009, severity 1.
PROTANOPIA = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]
DEUTERANOPIA = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]
both_tables = pytest.mark.parametrize(("table", "page", "dark"), TABLES, ids=["light", "dark"])


def linear(rgb: np.ndarray) -> np.ndarray:
    """The sRGB transfer curve undone, written independently of the library."""
    c = np.asarray(rgb, dtype=float) / 255
    return np.where(c > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)


def contrast(first: str, second: str) -> float:
    """WCAG contrast, written independently of the library."""
    luminances = [
        float(linear(np.frombuffer(bytes.fromhex(c[1:]), np.uint8)) @ [0.2126, 0.7152, 0.0722])
        for c in (first, second)
    ]
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


@both_tables
def test_a_table_has_256_colours_and_cannot_be_changed(table, page, dark):
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 0


@both_tables
def test_the_pivot_is_the_colour_of_the_page(table, page, dark):
    assert color.hex_color(0.0, 1.0, dark) == page
    assert np.array_equal(table[127], table[128])


@both_tables
def test_lightness_is_monotone_from_the_pivot_and_the_same_on_both_sides(table, page, dark):
    lightness = color.oklab(table)[:, 0]
    toward_the_end = np.diff(lightness[128:]) * (1 if dark else -1)
    assert (toward_the_end > 0).all()
    assert np.abs(lightness - lightness[::-1]).max() < 0.005
    assert np.abs(np.diff(lightness[128:], 2)).max() < 0.01  # linear, up to 8-bit rounding


@both_tables
def test_positive_is_blue_and_negative_is_orange(table, page, dark):
    red, blue = table[:, 0].astype(int), table[:, 2].astype(int)
    assert (blue[140:] > red[140:]).all()
    assert (red[:116] > blue[:116]).all()


@both_tables
@pytest.mark.parametrize("deficiency", [PROTANOPIA, DEUTERANOPIA], ids=["protan", "deutan"])
def test_opposite_signs_differ_for_colour_blind_readers(table, page, dark, deficiency):
    seen = np.clip(linear(table) @ np.array(deficiency).T, 0, 1)
    encoded = np.where(seen > 0.0031308, 1.055 * seen ** (1 / 2.4) - 0.055, 12.92 * seen) * 255
    lab = color.oklab(encoded)
    distance = np.linalg.norm(lab - lab[::-1], axis=1)[128:]
    assert (distance[32:] > 0.07).all()


@both_tables
def test_every_cell_has_readable_ink(table, page, dark):
    for value in np.linspace(-1, 1, 513):
        background = color.hex_color(value, 1.0, dark)
        assert contrast(color.ink(background), background) >= 4.5


def test_contrast_is_the_published_ratio():
    assert color.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert color.contrast("#777777", "#ffffff") == pytest.approx(contrast("#777777", "#ffffff"))


def test_oklab_of_white_and_of_the_primaries_is_as_published():
    lab = color.oklab([(255, 255, 255), (255, 0, 0), (0, 0, 255)])
    published = [[1.0, 0.0, 0.0], [0.62796, 0.22486, 0.12585], [0.45201, -0.03246, -0.31153]]
    assert lab == pytest.approx(np.array(published), abs=1e-4)


@given(st.floats(-2, 2), st.floats(0.01, 2))
def test_indices_are_symmetric_and_clipped(value, limit):
    index = color.table_index(value, limit)
    assert 0 <= index <= 255
    if value:
        assert index + color.table_index(-value, limit) == 255
    if abs(value) >= limit:
        assert index == (255 if value > 0 else 0)


@pytest.mark.parametrize(("value", "limit"), [(0.3, 0.0), (float("nan"), 1.0)])
def test_without_a_range_or_a_number_the_colour_is_the_pivot(value, limit):
    assert color.hex_color(value, limit) == color.PAGE_LIGHT
