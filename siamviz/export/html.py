"""The picture as HTML: a self-contained page, or a fragment for notebooks.

Both say the same in the same order, and stay readable when a sanitizer removes every style and
attribute: numbers are text, the strongest are bold, the matrix is a table. The fragment keeps to
the elements that the strictest sanitizer in use, nbconvert's, lets through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from siamviz.color import hex_color, ink
from siamviz.export.compose import draw
from siamviz.export.escape import escape
from siamviz.export.measure import shorten, width
from siamviz.export.numbers import compact, percent, signed, term
from siamviz.export.picture import Heading, Link, Mark, Picture, Sentence, first_special

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_HEADING_EMS = 14.0
_BAR_PIXELS = 64
_LINK_BAR_PIXELS = 76
_FAINT = 0.05
"""Share of the largest effect whose colour is hardly seen, and left out of a compact fragment."""
_RULED = " first-special-column"
_BASIC = {"p": "div", "small": "span", "bdi": "span", "th": "td"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_FRAGMENT_STYLES = {
    "card": "font-family:sans-serif;font-size:14px",
    "settings": "font-size:12px;opacity:0.75;padding:4px 0px",
    "certificate": "font-size:12px;opacity:0.75;padding:0px 0px 6px 0px",
    "notes": "padding:2px 0px",
    "sentence": "padding:4px 0px",
    "words": "font-size:16px",
    "mark": "padding:1px 3px",
    "special": "font-size:11px;opacity:0.7",
    "scroll": "overflow:auto",
    "roomy": "font-size:13px",
    "crowded": "font-size:12px",
    "caption": "text-align:left;font-size:12px;padding:6px 0px",
    "legend": "font-size:12px;opacity:0.75",
    "corner": "padding:2px 5px;text-align:right;font-weight:normal",
    "heading": "padding:2px 5px;text-align:right;font-weight:normal",
    "heading strong": "padding:2px 5px;text-align:right;font-weight:bold",
    "heading special": "padding:2px 5px;text-align:right;font-weight:normal;font-size:11px",
    "cell": "padding:2px 5px;text-align:center;font-size:12px",
    "cell special": "padding:2px 5px;text-align:center;font-size:11px",
    "total": "padding:2px 5px;text-align:right;font-size:12px",
    "rank": "padding:2px 5px;text-align:right",
    "pair": "padding:2px 5px;text-align:left;font-weight:normal",
    "effect": "padding:2px 5px;text-align:right",
    "share": "padding:2px 5px;text-align:right",
}


@dataclass(frozen=True)
class _Skin:
    """How elements are dressed: by the page's classes, or by basic inline styles alone."""

    page: bool
    compact: bool = False

    def tip(self, text: str) -> str:
        """Return the attribute of a tooltip."""
        return "" if self.compact else f' title="{escape(text)}"'

    def dress(self, kind: str) -> str:
        """Return the attribute that styles an element of a kind."""
        if self.page:
            return f' class="{kind}"'
        style = _FRAGMENT_STYLES.get(_plain(kind))
        return f' style="{style}"' if style else ""

    def paint(self, kind: str, value: float, limit: float, empty: bool = False) -> str:
        """Return the attributes of an element that carries the colour of a value."""
        if self.compact and abs(value) < _FAINT * limit:
            return ""
        light, dark = hex_color(value, limit), hex_color(value, limit, dark=True)
        style = f"background-color:{light}" + ("" if empty else f";color:{ink(light)}")
        if self.page:
            style += f";--d:{dark}" + ("" if empty else f";--i:{ink(dark)}")
            return f' class="{kind} paint" style="{style}"'
        bare = empty or (self.compact and kind != "mark")
        basic = "" if bare else f";{_FRAGMENT_STYLES[_plain(kind)]}"
        return f' style="{style}{basic}"'


def _plain(kind: str) -> str:
    return kind.removesuffix(_RULED)


def to_html(
    pair: PairAttribution, *, page: bool = True, title: str | None = None, compact: bool = False
) -> str:
    """Return the picture of a pair as HTML.

    Parameters
    ----------
    pair : PairAttribution
    page : bool
        True for a complete document that needs no other file, runs no script and follows the
        reader's light or dark theme; False for a fragment with inline styles, for notebooks.
    title : str, optional
        Title of the page; by default it names the two texts.
    compact : bool
        Leave out the fragment's tooltips and the spacing of cells, for a copy that is seen only
        where nothing better can be shown.

    Returns
    -------
    str
    """
    picture = draw(pair)
    body = _card(picture, _Skin(page, compact))
    if not page:
        return _basic_elements(body)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page_title(pair) if title is None else title)}</title>\n"
        f"<style>\n{_stylesheet()}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def page_title(pair: PairAttribution) -> str:
    """Return the title of a page that shows a pair: the beginnings of its texts."""
    return f"{shorten(pair.text_a, 30)} × {shorten(pair.text_b, 30)} · siamviz"


def _basic_elements(body: str) -> str:
    """Rewrite markup in div, span, b, i, table, tr and td alone; text has no bare brackets."""
    body = re.sub(r"</?(?:thead|tbody|tfoot)>\n?| scope=\"\w+\"", "", body)
    body = body.replace("<bdi", '<bdi dir="auto"')
    return re.sub(r"(</?)(\w+)", lambda tag: tag[1] + _BASIC.get(tag[2], tag[2]), body)


@cache
def _stylesheet() -> str:
    return resources.files("siamviz.export").joinpath("page.css").read_text("utf-8")


def _card(picture: Picture, skin: _Skin) -> str:
    tag = "main" if skin.page else "div"
    parts = (
        _settings(picture, skin),
        _sum(picture, skin),
        _notes(picture, skin),
        _sentences(picture, skin),
        f"<div{skin.dress('body stacked' if picture.crowded else 'body')}>",
        _matrix(picture, skin),
        _links(picture, skin),
        "</div>",
    )
    return f"<{tag}{skin.dress('card')}>\n" + "\n".join(filter(None, parts)) + f"\n</{tag}>"


def _settings(picture: Picture, skin: _Skin) -> str:
    model, *others = map(escape, picture.settings)
    told = " · " if not skin.page else " "
    rest = "".join(f"{told}<span>{other}</span>" for other in others)
    return f"<p{skin.dress('settings')}><b>{model}</b>{rest}</p>"


def _sum(picture: Picture, skin: _Skin) -> str:
    plus = f"<span{skin.dress('sign')}> + </span>"
    terms = plus.join(
        f"<span{skin.dress('residual' if name == 'residual' else 'term')}>"
        f"{name} <b>{term(value)}</b></span>"
        for name, value in picture.terms
    )
    tone = {True: "certificate good", False: "certificate poor", None: "certificate"}
    kind = tone[picture.settled] if skin.page else "certificate"
    return (
        f"<div{skin.dress('sum')}>\n<p{skin.dress('ledger')}>{picture.measure} "
        f"<b{skin.dress('score')}>{term(picture.score)}</b>"
        f"<span{skin.dress('sign')}> = </span>{terms}</p>\n"
        f"<p{skin.dress(kind)}>{escape(picture.certificate)}</p>\n</div>"
    )


def _notes(picture: Picture, skin: _Skin) -> str:
    if not picture.notes:
        return ""
    notes = "\n".join(f"<p>{escape(note)}</p>" for note in picture.notes)
    return f"<div{skin.dress('notes')}>\n{notes}\n</div>"


def _sentences(picture: Picture, skin: _Skin) -> str:
    lines = "\n".join(
        _sentence(sentence, picture.sentence_limit, skin) for sentence in picture.sentences
    )
    return f"<div{skin.dress('sentences')}>\n{lines}\n</div>"


def _sentence(sentence: Sentence, limit: float, skin: _Skin) -> str:
    marks = "".join(escape(mark.lead) + _mark(mark, limit, skin) for mark in sentence.marks)
    return (
        f"<p{skin.dress('sentence')}><span{skin.dress('name')}>{sentence.name}</span> "
        f'<span dir="{sentence.direction}"{skin.dress("words")}>{marks}'
        f"{escape(sentence.tail)}</span></p>"
    )


def _mark(mark: Mark, limit: float, skin: _Skin) -> str:
    if mark.special:
        return f"<small{skin.dress('special')}>{escape(mark.text)}</small>"
    tip = skin.tip(signed(mark.effect, 4))
    word = f"<bdi{skin.paint('mark', mark.effect, limit)}{tip}>{escape(mark.text)}</bdi>"
    return f"<b>{word}</b>" if mark.strong else word


def _matrix(picture: Picture, skin: _Skin) -> str:
    kind = "crowded" if picture.crowded else "roomy"
    table = _captioned(kind, picture.caption(), skin)
    rows = "\n".join(_row(picture, row, skin) for row in range(len(picture.rows)))
    return (
        f"<div{skin.dress('matrix')}>\n<div{skin.dress('scroll')}>\n{table}\n"
        f"<thead>{_column_headings(picture, skin)}</thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n<tfoot>{_column_totals(picture, skin)}</tfoot>\n"
        f"</table>\n</div>\n<p{skin.dress('legend')}>{_scale(picture, skin)}"
        f"{escape(picture.legend())}</p>\n</div>"
    )


def _captioned(kind: str, caption: str, skin: _Skin) -> str:
    """Return a table's opening with its caption, which stands before it in the fragment."""
    opening, text = f"<table{skin.dress(kind)}>", escape(caption)
    if skin.page:
        return f"{opening}\n<caption>{text}</caption>"
    return f"<div{skin.dress('caption')}>{text}</div>\n{opening}"


def _heading_kind(heading: Heading) -> str:
    return "heading special" if heading.special else f"heading{' strong' * heading.strong}"


def _ruled(picture: Picture, column: int) -> str:
    """Return the class of the thin line before the special tokens' columns."""
    return _RULED if column and column == first_special(picture.columns) else ""


def _heading(heading: Heading, scope: str, kind: str, skin: _Skin) -> str:
    text = shorten(heading.text, _HEADING_EMS)
    tip = skin.tip(heading.text) if text != heading.text else ""
    strong = heading.strong and not heading.special
    inner = f"<span>{escape(text)}</span>"
    inner = f"<b>{inner}</b>" if strong else inner
    return f'<th scope="{scope}"{skin.dress(kind)}{tip}>{inner}</th>'


def _column_headings(picture: Picture, skin: _Skin) -> str:
    widest = max(width(shorten(h.text, _HEADING_EMS), 1.0) for h in picture.columns)
    height = f' style="height:{round(12 + 11 * widest)}px"'
    headings = "".join(
        _heading(heading, "col", _heading_kind(heading) + _ruled(picture, column), skin)
        for column, heading in enumerate(picture.columns)
    )
    return (
        f"<tr{height if skin.page else ''}><td{skin.dress('corner')}></td>{headings}"
        f'<th scope="col"{skin.dress("heading")}><span>sum</span></th></tr>'
    )


def _row(picture: Picture, row: int, skin: _Skin) -> str:
    heading = picture.rows[row]
    cells = "".join(_cell(picture, row, column, skin) for column in range(len(picture.columns)))
    first = row > 0 and row == first_special(picture.rows)
    rule = skin.dress("first-special") if first else ""
    return (
        f"<tr{rule}>{_heading(heading, 'row', _heading_kind(heading), skin)}{cells}"
        f"<td{skin.dress('total')}>{_total(picture, heading, skin)}</td></tr>"
    )


def _cell(picture: Picture, row: int, column: int, skin: _Skin) -> str:
    special = picture.rows[row].special or picture.columns[column].special
    kind = f"cell{' special' * special}{_ruled(picture, column)}"
    number = picture.number(row, column)
    tip = skin.tip(picture.describe(row, column)) if number else ""
    value = float(picture.values[row, column])
    paint = skin.paint(kind, value, picture.limit, empty=not number)
    return f"<td{paint}{tip}>{_number(picture, row, column, skin)}</td>"


def _number(picture: Picture, row: int, column: int, skin: _Skin) -> str:
    number = picture.number(row, column)
    if not number:
        return ""
    if picture.strong(row, column):
        return f"<b>{number}</b>"
    if picture.uncertain[row, column]:
        return f"<i{skin.dress('doubt')}>{number}</i>"
    return f"<span{skin.dress('faint')}>{number}</span>" if skin.page else number


def _bar(value: float, limit: float, pixels: int, skin: _Skin) -> str:
    """Return a bar of a value's size; only the page has it, for its number stands beside it."""
    length = round(pixels * min(abs(value) / limit, 1.0)) if limit else 0
    if not skin.page or length == 0:
        return ""
    return f'<i class="bar {"down" if value < 0 else "up"}" style="width:{length}px"></i>'


def _total(picture: Picture, heading: Heading, skin: _Skin) -> str:
    bar = _bar(heading.total, picture.sentence_limit, _BAR_PIXELS, skin)
    return bar + compact(heading.total, picture.decimals)


def _column_totals(picture: Picture, skin: _Skin) -> str:
    totals = "".join(
        f"<td{skin.dress('total')}>{compact(heading.total, picture.decimals)}</td>"
        for heading in picture.columns
    )
    grand = compact(float(picture.values.sum()), picture.decimals)
    return (
        f'<tr><th scope="row"{skin.dress("heading")}>sum</th>{totals}'
        f"<td{skin.dress('total')}><b>{grand}</b></td></tr>"
    )


def _scale(picture: Picture, skin: _Skin) -> str:
    """Return the colour scale between its ends; the page alone shows it."""
    if not skin.page or not picture.limit:
        return ""
    steps: Iterable[float] = np.linspace(-picture.limit, picture.limit, 25)
    swatches = "".join(
        f"<i{skin.paint('swatch', float(s), picture.limit, empty=True)}></i>" for s in steps
    )
    low, high = picture.edges()
    return f'<span class="scale">{low}<span class="swatches">{swatches}</span>{high}</span>'


def _links(picture: Picture, skin: _Skin) -> str:
    if not picture.links:
        return ""
    rows = "\n".join(_link(link, picture, skin) for link in picture.links)
    bars = "<td></td>" if skin.page else ""
    return (
        f"<div{skin.dress('links')}>\n{_captioned('roomy', 'Pairs by effect', skin)}\n"
        f'<thead><tr><th scope="col">rank</th><th scope="col">A × B</th>{bars}'
        '<th scope="col">effect</th><th scope="col">share</th></tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _link(link: Link, picture: Picture, skin: _Skin) -> str:
    names = f"<bdi>{escape(link.a)}</bdi> × <bdi>{escape(link.b)}</bdi>"
    text = f"<b>{names}</b>" if link.strong else names
    bar = _bar(link.effect, picture.limit, _LINK_BAR_PIXELS, skin)
    bars = f'<td class="bars">{bar}</td>' if skin.page else ""
    return (
        f"<tr><td{skin.dress('rank')}>{link.rank}</td>"
        f'<th scope="row"{skin.dress("pair")}>{text}</th>{bars}'
        f"<td{skin.dress('effect')}>{signed(link.effect, picture.decimals + 1)}</td>"
        f"<td{skin.dress('share')}>{percent(link.share)}</td></tr>"
    )
