"""The still parts of a report as HTML: what stands there without scripts, and in print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from siamviz.export.compose import model_title
from siamviz.export.escape import escape, label
from siamviz.export.numbers import signed
from siamviz.study.figures import heat_limit
from siamviz.study.report_cells import bar, change, ends, interval, mark, missing, span, value
from siamviz.study.report_data import LISTED, Contents, numbers

_METRICS = (
    ("spearman", "Spearman", "Correlation of the ranks of predicted and gold scores"),
    ("pearson", "Pearson", "Correlation of predicted and gold scores"),
    ("mae", "MAE", "Mean of |predicted − gold|, both from 0 to 1"),
)
_REASONS = 5
_TOLD = 12
_KINDS = {
    "identical": "identical words",
    "same lemma": "words of one lemma",
    "different": "different words",
}


def head(contents: Contents, title: str) -> str:
    """Return the title, what was analysed, and how well its scores agree with gold."""
    facts = " · ".join(escape(fact) for fact in _facts(contents))
    return (
        f'<header class="rp-head"><h1>{escape(title)}</h1><p class="rp-facts">{facts}</p></header>'
        f"{_numbers(contents)}{_accounts(contents)}"
    )


def slices(contents: Contents) -> str:
    """Return the metrics by the values of metadata columns."""
    if not contents.slices:
        return ""
    frames: list[Any] = [frame for _, frame in contents.slices]
    spans = {
        name: span([frame[[name, f"{name}_low", f"{name}_high"]] for frame in frames])
        for name, _, _ in _METRICS
    }
    bodies = "".join(
        f'<tbody><tr><th colspan="5" scope="rowgroup">{escape(label(column))}</th></tr>'
        + "".join(_slice(row, spans) for row in frame.to_dict("records"))
        + "</tbody>"
        for column, frame in contents.slices
    )
    heads = "".join(f'<th scope="col" title="{what}">{name}</th>' for _, name, what in _METRICS)
    return _section(
        "slices",
        "By slice",
        "Each slice on its own, with 95 % bootstrap intervals.",
        f'<div class="rp-scroll"><table class="rp-table"><thead><tr><th scope="col">slice</th>'
        f'<th scope="col" class="rp-number">pairs</th>{heads}</tr></thead>{bodies}</table></div>',
    )


def plots() -> str:
    """Return the place of the scatter and the histogram."""
    return (
        '<section class="rp-section" id="rp-plots" aria-label="Figures"><noscript><p '
        'class="rp-note">The figures of this page need scripts; its tables do not.</p></noscript>'
        "</section>"
    )


def pairs(contents: Contents) -> str:
    """Return the worst pairs; with scripts they become a list with pictures."""
    frame: Any = contents.scored
    told = frame["row"].isin([*frame["row"].head(_TOLD), *contents.pictures])
    lines = "".join(_pair(row, contents) for row in frame[told].to_dict("records"))
    table = (
        '<div class="rp-scroll"><table class="rp-table rp-texts"><thead><tr>'
        '<th scope="col">texts</th><th scope="col" class="rp-number">gold</th>'
        '<th scope="col" class="rp-number">predicted</th>'
        '<th scope="col" class="rp-number">difference</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )
    many = len(contents.scored) > LISTED and not contents.frame.points
    order = "largest errors" if contents.gold else "highest scores"
    what = f"The {order} first; a pair with a picture opens in the view below the list." + (
        f" Of {len(contents.scored):,} pairs, the {LISTED:,} first are listed." if many else ""
    )
    if contents.lacking:
        what += f" Some pictures are missing: {escape(label(contents.lacking[:300]))}"
    return _section("pairs", "Pairs", what, f'<div id="rp-study">{table}</div>')


def words(contents: Contents) -> str:
    """Return the two tables of word pairs."""
    if contents.harm.empty and contents.help.empty:
        return ""
    examples = {pair: index for index, (pair, _) in enumerate(contents.examples)}
    if contents.gold:
        names = ("Push the score away from gold", "Pull the score towards gold")
        what = (
            "Two words, one of text A and one of text B. Effect is their mean contribution to the "
            "score; error the mean of predicted − gold where they meet; harm by how much the mean "
            "squared error there would fall without their effect. Word pairs in fewer than "
            f"{contents.least} pairs of texts are left out."
        )
    else:
        names = ("Raise the score most", "Lower the score most")
        what = "Two words, one of text A and one of text B, and their mean effect on the score."
    tables = "".join(
        f'<div class="rp-half"><h3>{name}</h3>{_league(frame, contents.gold, examples)}</div>'
        for name, frame in zip(names, (contents.harm, contents.help), strict=True)
    )
    return _section("words", "Word pairs", what, f'<div class="rp-halves">{tables}</div>')


def classes(contents: Contents) -> str:
    """Return overlap, and the places of the curve and of the heat map."""
    if contents.overlap is None:
        return ""
    table = f"<h3>Overlap of the words</h3>{_overlap(contents.overlap)}"
    curve = '<h3>How few token pairs carry the score</h3><div class="rp-plot" id="rp-curve"></div>'
    halves = [table, curve]
    if contents.classes is not None:
        limit = signed(heat_limit(contents.classes), 3).removeprefix("+")
        heat = (
            f"<h3>Parts of speech: mean effect of a pair <i>(−{limit} to +{limit})</i></h3>"
            '<div class="rp-plot rp-square" id="rp-heat"></div>'
        )
        halves = [table + curve, heat]
    what = (
        "Share is a class’s part of all effects, frequency its part of all word pairs; a ratio "
        "above 1 means that its pairs carry more than their number would."
    )
    body = "".join(f'<div class="rp-half">{half}</div>' for half in halves)
    return _section("classes", "Kinds of word pairs", what, f'<div class="rp-halves">{body}</div>')


def foot(version: str, created: str) -> str:
    """Return how the numbers came about."""
    return (
        '<footer class="rp-foot"><p>Effects attribute the score to pairs of tokens by integrated '
        "Jacobians; with the terms of the reference input and the residual, which is what the "
        "integration missed, they add up to the score. See Möller, Nikolaev and Padó, An "
        f"Attribution Method for Siamese Encoders, EMNLP 2023.</p><p>siamviz {escape(version)}, "
        f"{escape(created)}. This file needs no network.</p></footer>"
    )


# Parts


def _section(name: str, title: str, what: str, body: str) -> str:
    return (
        f'<section class="rp-section" aria-labelledby="rp-{name}-title">'
        f'<h2 id="rp-{name}-title">{title}</h2><p class="rp-note">{what}</p>{body}</section>'
    )


def _facts(contents: Contents) -> Iterable[str]:
    settings, source = contents.run.settings, contents.run.source
    if name := str(source.get("name", "")):
        yield model_title(name)
    yield _pairs(len(contents.pairs))
    if contents.chosen:
        yield f"only {contents.chosen}"
    yield model_title(settings.model)
    yield f"layer {settings.layer}"
    yield f"baseline {settings.baseline}"
    yield (
        f"{settings.rule}, tolerance {settings.tolerance:g}"
        if settings.tolerance is not None
        else f"{settings.rule}, {settings.steps} steps"
    )
    yield "cosine similarity" if settings.similarity == "cosine" else "dot product"
    if contents.gold and (scale := source.get("gold_range")):
        yield f"gold {scale[0]:g} to {scale[1]:g} moved to 0 to 1"


def _numbers(contents: Contents) -> str:
    if contents.metrics is None:
        return '<p class="rp-note">No pair has a gold score, so there are no errors to show.</p>'
    row: dict[str, Any] = contents.metrics.to_dict("records")[0]
    cells = "".join(
        f'<div title="{what}"><dt>{name}</dt><dd><b>{value(row[key])}</b> '
        f"<span>{interval(*ends(row, key))}</span></dd></div>"
        for key, name, what in _METRICS
    )
    bias = float(np.mean(numbers(contents.scored, "difference")))
    return (
        f'<dl class="rp-numbers">{cells}<div title="Mean of predicted − gold"><dt>Mean '
        f"difference</dt><dd><b>{signed(bias, 3)}</b></dd></div></dl>"
    )


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"


def _accounts(contents: Contents) -> str:
    """Return which pairs could not be used and how exact the attributions are."""
    frame: Any = contents.pairs
    lost = frame[frame["status"] != "ok"]
    parts: list[str] = []
    if contents.attributed:
        whole = f"{contents.attributed:,} of {_pairs(len(frame))}"
        parts.append(f"{whole} {'is' if contents.attributed == 1 else 'are'} attributed.")
    if np.isfinite(contents.residual):
        parts.append(
            f"95 % of the attributions miss at most {contents.residual:.2g} of an embedding’s "
            "change (relative residual)."
        )
    if lost.empty:
        return f'<p class="rp-note">{" ".join(parts)}</p>'
    count = f"{len(lost):,} pairs" if len(lost) > 1 else "One pair"
    parts.append(f"{count} could not be used:")
    reasons = lost["error"].fillna("without a reason").value_counts()
    listed = "".join(
        f"<li>{escape(label(str(reason)[:200]))} <i>({n:,})</i></li>"
        for reason, n in reasons.head(_REASONS).items()
    )
    if len(reasons) > _REASONS:
        listed += f"<li>and {len(reasons) - _REASONS:,} other reasons</li>"
    return f'<p class="rp-note">{" ".join(parts)}</p><ul class="rp-note">{listed}</ul>'


def _slice(row: dict[str, Any], spans: dict[str, tuple[float, float]]) -> str:
    name = "none" if missing(row["value"]) else str(row["value"])
    cells = "".join(
        f'<td><span class="rp-estimate"><b>{value(row[key])}</b> '
        f"{mark(row[key], *ends(row, key), spans[key])}"
        f"<i>{interval(*ends(row, key))}</i></span></td>"
        for key, _, _ in _METRICS
    )
    return (
        f'<tr><th scope="row"><bdi>{escape(label(name))}</bdi></th>'
        f'<td class="rp-number">{row["n"]:,}</td>{cells}</tr>'
    )


def _pair(row: dict[str, Any], contents: Contents) -> str:
    star, tag = contents.marks.get(int(row["row"]), (False, ""))
    marks = ("★ " if star else "") + (
        f'<span class="rp-tag">{escape(label(tag))}</span>' if tag else ""
    )
    return (
        f'<tr><td>{marks}<div dir="auto">{escape(label(row["text_a"]))}</div>'
        f'<div dir="auto">{escape(label(row["text_b"]))}</div></td>'
        f'<td class="rp-number">{value(row["gold"])}</td>'
        f'<td class="rp-number">{value(row["score"])}</td>'
        f'<td class="rp-number">{change(row["difference"], 2)}</td></tr>'
    )


def _league(frame: Any, gold: bool, examples: dict[tuple[str, str], int]) -> str:
    if frame.empty:
        return '<p class="rp-note">None.</p>'
    largest = float(frame["mean"].abs().max())
    extra = ("error", "harm") if gold else ()
    heads = "".join(f'<th scope="col" class="rp-number">{name}</th>' for name in ("n", *extra))
    body = "".join(_word_pair(row, largest, extra, examples) for row in frame.to_dict("records"))
    return (
        '<div class="rp-scroll"><table class="rp-table"><thead><tr><th scope="col">words</th>'
        f'<th scope="col">effect</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _word_pair(
    row: dict[str, Any], largest: float, extra: Sequence[str], examples: dict[tuple[str, str], int]
) -> str:
    a, b = (f"<bdi>{escape(label(row[name]))}</bdi>" for name in ("a", "b"))
    words = f"{a} <i>×</i> {b}"
    flags = "".join(
        f' <span class="rp-tag">{name}</span>' for name in ("negation", "number") if row.get(name)
    )
    index = examples.get((row["a"], row["b"]))
    if index is not None:
        words = f'<button type="button" class="rp-words" data-words="{index}">{words}</button>'
    cells = f'<td class="rp-number">{row["n"]:,}</td>' + "".join(
        f'<td class="rp-number">{change(row[name], 3 if name == "harm" else 2)}</td>'
        for name in extra
    )
    return (
        f'<tr><th scope="row">{words}{flags}</th><td><span class="rp-estimate">'
        f"{bar(row['mean'], largest)}<b>{change(row['mean'], 3)}</b> "
        f"<i>{interval(row['low'], row['high'], signs=True)}</i></span></td>{cells}</tr>"
    )


def _overlap(frame: Any) -> str:
    body = "".join(
        f'<tr><th scope="row">{_KINDS.get(row["kind"], escape(row["kind"]))}</th>'
        f'<td class="rp-number">{row["count"]:,}</td>'
        f'<td class="rp-number">{_share(row["frequency"])}</td>'
        f'<td class="rp-number">{_share(row["share"])}</td>'
        f'<td class="rp-number">{value(row["ratio"], 1)}</td></tr>'
        for row in frame.to_dict("records")
    )
    names = ("word pairs", "frequency", "share", "ratio")
    heads = "".join(f'<th scope="col" class="rp-number">{name}</th>' for name in names)
    return (
        '<div class="rp-scroll"><table class="rp-table"><thead><tr><th scope="col">kind</th>'
        f"{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _share(part: float) -> str:
    return f"{value(100 * part, 1)}\u202f%"
