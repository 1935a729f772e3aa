"""SVG, and the PNG drawn from it."""

from __future__ import annotations

import importlib.util

import pytest
from builders import pair
from export_cases import by_word, hostile_pair, long_pair, parsed

from siamviz.errors import InvalidArgumentError
from siamviz.export import png
from siamviz.export.compose import draw
from siamviz.export.notebook import mimebundle


@pytest.mark.parametrize(
    "shown", [by_word(), hostile_pair(), long_pair(60), pair("כלב רץ", "小狗。")], ids=str
)
def test_an_svg_is_valid_xml_with_every_number_and_nothing_outside(shown):
    svg = shown.to_svg()
    root = parsed(svg)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "desc", "rect", "line", "text"}
    assert "href" not in svg
    texts = [element.text or "" for element in root.iter()]
    picture = draw(shown)
    rows, columns = picture.values.shape
    for row in range(rows):
        for column in range(columns):
            assert picture.number(row, column) in texts
    assert picture.ledger() in texts


def test_everything_in_an_svg_lies_inside_it():
    root = parsed(by_word().to_svg())
    size = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter():
        if "x" in element.attrib:
            assert 0 <= float(element.attrib["x"]) <= size[0]
            assert 0 <= float(element.attrib["y"]) <= size[1]


needs_png = pytest.mark.skipif(
    importlib.util.find_spec("resvg_py") is None, reason="resvg_py is not installed"
)


@needs_png
def test_a_png_is_the_svg_at_a_scale():
    if png.obstacle():
        pytest.skip(png.obstacle())
    data = png.to_png(by_word().to_svg(), scale=1)
    root = parsed(by_word().to_svg())
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(data[16:20], "big") == int(root.attrib["width"])
    assert int.from_bytes(data[20:24], "big") == int(root.attrib["height"])


def test_a_png_without_its_package_says_what_to_install(monkeypatch):
    png.obstacle.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    try:
        with pytest.raises(InvalidArgumentError, match=r"pip install 'siamviz\[figures\]'"):
            png.to_png(by_word().to_svg())
        assert "image/png" not in mimebundle(by_word())
    finally:
        png.obstacle.cache_clear()


@needs_png
def test_a_machine_without_fonts_gets_no_png_rather_than_one_without_text(monkeypatch):
    png.obstacle.cache_clear()
    monkeypatch.setattr(png, "_draw", lambda svg, scale: b"blank")
    try:
        assert "font" in png.obstacle()
    finally:
        png.obstacle.cache_clear()


@pytest.mark.parametrize("scale", [0, -1, float("nan")])
def test_a_scale_must_be_positive(scale):
    with pytest.raises(InvalidArgumentError, match="Scale must be greater than 0"):
        png.to_png(by_word().to_svg(), scale)
