"""Figures for papers, and the numbers that files carry."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import pair
from export_cases import by_word, hostile_pair, long_pair, parsed

import siamviz
from siamviz.color import contrast
from siamviz.errors import InvalidArgumentError
from siamviz.export import figure as module
from siamviz.export.compose import draw
from siamviz.export.drawing import Band, Box, Words
from siamviz.export.kinds import KINDS
from siamviz.export.measure import width
from siamviz.export.palette import Palette
from siamviz.export.payload import unpack
from siamviz.export.png import obstacle

CASES = {
    "tokens": pair(), "words": by_word(), "hostile": hostile_pair(), "long": long_pair(60),
    "right to left": pair("כלב רץ מהר", "小狗跑。"),
}  # fmt: skip
FORMATS = tuple(suffix for suffix in module.OBSTACLES if suffix != ".png" or not obstacle())
ALL = pytest.mark.parametrize("kind", KINDS)
EACH = pytest.mark.parametrize("shown", CASES.values(), ids=CASES)


# What is drawn


@ALL
@EACH
@pytest.mark.parametrize(("width_mm", "size_pt"), [(84, 7), (60, 5), (170, 9)])
def test_everything_lies_inside_the_column(kind, shown, width_mm, size_pt):
    drawing = siamviz.figure(
        shown, kind, width_mm=width_mm, size_pt=size_pt, greyscale=True
    ).drawing  # fmt: skip
    assert drawing.width == width_mm
    for shape in drawing.shapes:
        for x, y in _corners(shape):
            assert -0.1 <= x <= width_mm + 0.1, shape
            assert -0.1 <= y <= drawing.height + 0.1, shape


def _corners(shape):
    """Points that a shape lies between; of words, where their generous estimate begins and ends."""
    if isinstance(shape, Box):
        return [(shape.x, shape.y), (shape.x + shape.width, shape.y + shape.height)]
    if isinstance(shape, Words):
        length, angle = width(shape.text, shape.size), math.radians(shape.turned)
        start = {"start": 0.0, "middle": -0.5, "end": -1.0}[shape.anchor] * length
        reach = [(start + part * length) for part in (0, 1)]
        return [(shape.x + r * math.cos(angle), shape.y + r * math.sin(angle)) for r in reach]
    return [(shape.x1, shape.y1), (shape.x2, shape.y2)]


def test_a_matrix_without_room_sums_the_weakest_and_loses_nothing():
    shown = long_pair(60)
    narrow, wide = (siamviz.figure(shown, width_mm=w) for w in (84, 300))
    cells = [sum(isinstance(s, Box) for s in one.drawing.shapes) for one in (narrow, wide)]
    assert cells[0] < cells[1]
    assert any("more)" in s.text for s in narrow.drawing.shapes if isinstance(s, Words))
    for readable in (4, 20):
        assert draw(shown, readable).values.sum() == pytest.approx(shown.matrix.sum())


def test_a_long_last_word_is_cut_and_takes_no_other_away():
    shown = pair("see the page", f"see https://example.org/{'x' * 80}")
    texts = [s.text for s in siamviz.figure(shown).drawing.shapes if isinstance(s, Words)]
    assert not any("more)" in text for text in texts)


def test_bands_are_of_words_and_never_of_what_is_summed():
    shown = pair(" ".join(f"w{i}" for i in range(90)), "one two three four", width=3)
    shown = replace(shown, matrix=np.abs(shown.matrix))
    drawing = siamviz.figure(shown, "links").drawing
    assert max(s.thick for s in drawing.shapes if isinstance(s, Band)) < 2


def test_a_unit_longer_than_a_line_is_wrapped_and_whole():
    shown = siamviz.figure(pair(" ".join(["kitten"] * 40) + "."), "sentences", unit="sentence")
    texts = [s.text for s in shown.drawing.shapes if isinstance(s, Words)]
    assert sum(text.startswith("kitten") for text in texts) == 40


def test_a_font_has_the_size_that_was_asked_for():
    drawing = siamviz.figure(by_word(), size_pt=9).drawing
    assert max(s.size for s in drawing.shapes if isinstance(s, Words)) == pytest.approx(3.175)


def test_bands_are_the_strongest_pairs_as_thick_as_their_effects():
    shown = by_word()
    drawing = siamviz.figure(shown, "links", top=4).drawing
    bands = [s for s in drawing.shapes if isinstance(s, Band)]
    effects = sorted(np.abs(draw(shown).values).ravel())[-4:]
    assert len(bands) == 4
    thick = [band.thick for band in bands]
    assert np.allclose(np.array(thick) / thick[-1], np.array(effects) / effects[-1])


def test_words_that_lower_the_score_are_framed_or_dashed_in_greys():
    shown = by_word()
    for kind in KINDS:
        colored, grey = (siamviz.figure(shown, kind, greyscale=g).drawing for g in (False, True))
        assert _hues(grey) == {1}
        assert _hues(colored) != {1}
        lowered = (shown.matrix < 0).any()
        marked = any(getattr(s, "frame", "") or getattr(s, "dashed", False) for s in grey.shapes)
        assert marked == lowered
        assert not any(getattr(s, "frame", "") for s in colored.shapes)


def _hues(drawing):
    """How many of red, green and blue differ, in the colours of effects."""
    colors = [s.fill if isinstance(s, Box) else s.color for s in drawing.shapes
              if isinstance(s, Box | Band)]  # fmt: skip
    return {len({color[1:3], color[3:5], color[5:7]}) for color in colors if color}


def test_greys_darken_with_size_alone():
    grey = Palette(grey=True)
    assert grey.fill(0.0, 1.0) == "#ffffff"
    assert grey.fill(-0.4, 1.0) == grey.fill(0.4, 1.0)
    assert contrast(grey.fill(0.9, 1.0), "#ffffff") > contrast(grey.fill(0.3, 1.0), "#ffffff")
    assert contrast(grey.fill(1.0, 1.0), "#ffffff") > 3


def test_a_figure_shows_the_unit_and_fold_and_carries_the_tokens(tmp_path):
    shown = siamviz.figure(pair(), unit="word", folded=True)
    assert "by word" in shown.caption
    assert "Folded" in shown.caption
    shown.save(tmp_path / "x.svg")
    assert siamviz.load(tmp_path / "x.svg").unit == "token"


def test_the_caption_says_where_the_numbers_come_from():
    shown = pair()
    caption = siamviz.figure(shown).caption
    settings = shown.settings
    for said in (
        settings.model, f"layer {settings.layer}", settings.baseline, settings.rule,
        shown.certificate[1:], siamviz.__version__, f"{shown.score:.3f}".replace("-", "−"),
    ):  # fmt: skip
        assert said in caption


def test_the_caption_says_what_is_drawn():
    """By word, where tokens are too many for the width, and what is summed."""
    shown = long_pair(44)
    assert "by word" in siamviz.figure(shown).caption
    assert "the rest is summed" in siamviz.figure(shown).caption


def test_the_caption_names_the_weights(explainer):
    found = explainer.explain("A cat sleeps.", "A dog barks.", layer=5)
    assert found.settings.revision == explainer.weights[:12]
    assert f"(weights {explainer.weights[:12]})" in siamviz.figure(found).caption


# Files


@EACH
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_every_number_back(shown, suffix, tmp_path):
    siamviz.figure(shown, "sentences").save(tmp_path / f"figure{suffix}")
    shown.save(tmp_path / f"whole{suffix}")
    for name in ("figure", "whole"):
        back = siamviz.load(tmp_path / f"{name}{suffix}")
        assert back.to_dict() == shown.to_dict()
        assert back.matrix.dtype == shown.matrix.dtype


@pytest.mark.parametrize("text", ["siamviz.pair/1:AAAA; dog", "siamviz.pair/1:AAAA dog"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_text_that_looks_like_numbers_is_not_taken_for_them(text, suffix, tmp_path):
    shown = pair(text, text)
    shown.save(tmp_path / f"x{suffix}")
    assert siamviz.load(tmp_path / f"x{suffix}").to_dict() == shown.to_dict()


def test_other_line_ends_and_all_checksums_are_read(tmp_path):
    pair().save(tmp_path / "x.tex")
    lines = (tmp_path / "x.tex").read_bytes()
    (tmp_path / "x.tex").write_bytes(lines.replace(b"\n", b"\r\n"))
    assert siamviz.load(tmp_path / "x.tex").to_dict() == pair().to_dict()
    made = (zlib.compress(b'{"format":"siamviz.pair/1","a":"%s"}' % (b"a" * n)) for n in range(256))
    data = next(data for data in made if data.endswith(b"\r"))
    (tmp_path / "x.pdf").write_bytes(b"1 0 obj\nstream\n" + data + b"\nendstream\n")
    assert unpack(tmp_path / "x.pdf")["format"] == "siamviz.pair/1"


def test_a_hostile_pdf_takes_no_time(tmp_path):
    (tmp_path / "x.pdf").write_bytes(b"stream\n" * 500_000)
    with pytest.raises(InvalidArgumentError, match="carries no numbers"):
        siamviz.load(tmp_path / "x.pdf")


def test_files_say_where_their_numbers_come_from():
    drawn = siamviz.figure(by_word())
    for suffix in FORMATS:
        if suffix != ".pdf":  # whose strings are compressed
            assert b"siamviz 0" in drawn.encode(suffix)


@EACH
def test_an_svg_is_valid_and_asks_for_nothing(shown):
    for kind in KINDS:
        svg = siamviz.figure(shown, kind).encode(".svg").decode("utf-8")
        root = parsed(svg)
        names = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert names <= {"svg", "title", "desc", "metadata", "rect", "line", "text", "path"}
        assert "href" not in svg
        assert root.attrib["width"] == "84mm"


def test_a_pdf_has_text_and_its_fonts_and_an_outlined_one_neither():
    drawn = siamviz.figure(by_word())
    text, shapes = (drawn.encode(".pdf", outlined=outlined) for outlined in (False, True))
    assert text.startswith(b"%PDF")
    assert b"/FontFile" in text
    assert b"/FontFile" not in shapes
    assert _text_operators(text)
    assert not _text_operators(shapes)
    for data in (text, shapes):
        (box,) = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", data)
        size = np.array(box, dtype=float) / 72 * 25.4
        assert size == pytest.approx([84, drawn.drawing.height], abs=0.01)


def _text_operators(pdf: bytes) -> int:
    found = 0
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found += len(re.findall(rb"T[jJ]\s", zlib.decompress(stream)))
        except zlib.error:
            continue
    return found


def test_an_outlined_svg_has_no_text_but_says_what_it_shows():
    drawn = siamviz.figure(hostile_pair())
    root = parsed(drawn.encode(".svg", outlined=True).decode("utf-8"))
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "text" not in names
    assert {"title", "desc", "path"} <= names


@pytest.mark.skipif(bool(obstacle()), reason=obstacle())
@pytest.mark.parametrize("dpi", [96, 300])
def test_a_png_has_the_resolution_that_was_asked_for(dpi):
    drawn = siamviz.figure(by_word())
    data = drawn.encode(".png", dpi=dpi)
    width = int.from_bytes(data[16:20], "big")
    assert width == pytest.approx(84 / 25.4 * dpi, abs=2)
    at = data.index(b"pHYs")
    assert int.from_bytes(data[at + 4 : at + 8], "big") == round(dpi / 0.0254)


needs_latex = pytest.mark.skipif(
    shutil.which("lualatex") is None or shutil.which("pdflatex") is None,
    reason="LaTeX is not installed (Debian: texlive-pictures)",
)


@needs_latex
@pytest.mark.parametrize("greyscale", [False, True])
def test_latex_sets_figures_and_pictures(tmp_path, greyscale):
    for kind in KINDS:
        siamviz.figure(by_word(), kind, greyscale=greyscale).save(tmp_path / f"{kind}.tex")
    by_word().save(tmp_path / "whole.tex")
    log = _typeset(tmp_path, "pdflatex", [*KINDS, "whole"])
    assert "Overfull" not in log.partition("whole.tex")[0]


@needs_latex
def test_latex_runs_nothing_that_a_text_says(tmp_path):
    evil = r"\input{/etc/passwd} \write18{id} $x$ ^^5cinput %# & _ ~ {} ?` -- ''"
    siamviz.figure(pair(evil, evil), "sentences").save(tmp_path / "evil.tex")
    siamviz.figure(hostile_pair(), "links").save(tmp_path / "hostile.tex")
    log = _typeset(tmp_path, "lualatex", ["evil", "hostile"])
    assert "passwd" not in log


def _typeset(folder: Path, program: str, names: list[str]) -> str:
    inputs = "\n\n".join(rf"\noindent\input{{{name}.tex}}" for name in names)
    (folder / "paper.tex").write_text(
        r"\documentclass{article}\usepackage{tikz}\begin{document}"
        f"\n{inputs}\n\\end{{document}}\n"
    )
    done = subprocess.run(
        [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"],
        cwd=folder, capture_output=True, text=True, errors="replace", timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "paper.pdf").stat().st_size > 1000
    return done.stdout


# What is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "matricks"}, "'matrix'"),
        ({"width_mm": 0}, "width_mm must be greater than 0"),
        ({"width_mm": float("nan")}, "width_mm"),
        ({"size_pt": -1}, "size_pt"),
        ({"top": 0}, "top"),
        ({"top": 2.5}, "top must be a whole number"),
        ({"width_mm": "84"}, "width_mm must be a number"),
        ({"width_mm": 1e6}, "at most 2000"),
        ({"width_mm": 12}, "12 mm has no room"),
        ({"width_mm": 5, "kind": "sentences"}, "5 mm has no room"),
        ({"width_mm": 20, "kind": "links"}, "20 mm has no room"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, said):
    with pytest.raises(siamviz.SiamvizError, match=said):
        siamviz.figure(by_word(), **options)


def test_what_cannot_be_written_is_refused(tmp_path, monkeypatch):
    drawn = siamviz.figure(by_word())
    with pytest.raises(InvalidArgumentError, match=r"'\.eps' is not known"):
        drawn.save(tmp_path / "x.eps")
    with pytest.raises(InvalidArgumentError, match="Only SVG and PDF"):
        drawn.save(tmp_path / "x.tex", outlined=True)
    with pytest.raises(InvalidArgumentError, match=r"'\.eps' is not known"):
        drawn.encode(".eps")
    with pytest.raises(InvalidArgumentError, match="dpi"):
        drawn.encode(".png", dpi=0)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidArgumentError, match=r"siamviz\[figures\]"):
        drawn.save(tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_loaded_says_why(tmp_path):
    by_word().save(tmp_path / "x.svg")
    whole = (tmp_path / "x.svg").read_text("utf-8")
    mark = whole.index("siamviz.pair/1:") + 40
    damaged = {
        "empty.svg": ("<svg/>", "carries no numbers"),
        "cut.svg": (whole[:mark] + "</metadata></svg>", "damaged"),
        "x.json": ("{", "damaged"),
        "deep.json": ("[" * 100_000, "damaged"),
        "large.json": (json.dumps(by_word().to_dict() | {"score": 10**400}), "'score'"),
        "list.json": (json.dumps([1]), "mapping"),
        "x.txt": ("", r"\.svg"),
    }
    for name, (content, said) in damaged.items():
        (tmp_path / name).write_text(content, "utf-8")
        with pytest.raises(siamviz.SiamvizError, match=said):
            siamviz.load(tmp_path / name)
    with pytest.raises(InvalidArgumentError, match="no such file"):
        siamviz.load(tmp_path / "nowhere.svg")
    with pytest.raises(InvalidArgumentError, match="leads nowhere"):
        siamviz.load("~no-such-user/x.svg")
    with pytest.raises(siamviz.ArgumentTypeError, match="str or a Path"):
        siamviz.load(None)
