"""Parts of speech, lemmas, dependency roles, negation and numbers of words, by a spaCy pipeline."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError, suggest
from siamviz.units import Span

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Token


NEGATION_WORDS = frozenset((
    "not", "n't", "no", "never", "none", "nobody", "nothing", "neither", "nor", "nowhere",
    "without", "cannot", "hardly", "scarcely", "barely",
))  # fmt: skip
"""English words that negate, beside those that the parser marks."""

KIND_SQL = (
    "CASE WHEN lower(a) = lower(b) THEN 'identical' "
    "WHEN lower(lemma_a) = lower(lemma_b) THEN 'same lemma' "
    "ELSE 'different' END"
)
"""Whether two words are identical, forms of one lemma or different, of the columns a, b, lemma_a
and lemma_b; the words are casefolded, and lemmas may be NULL."""

FIELDS = ("pos", "lemma", "dep", "negation", "number")

_PROBE = "The 2 cats do not sleep."
_UNUSED = (
    "ner", "entity_linker", "textcat", "textcat_multilabel", "spancat", "spancat_singlelabel",
)  # fmt: skip


@dataclass(frozen=True)
class Annotations:
    """What a pipeline says about the words of texts.

    Attributes
    ----------
    columns : dict of str to list
        One entry for each word, in order:

        - "text", "word": the numbers of the text and, within it, of the word, from 0;
        - "pos": the universal part of speech, such as "NOUN";
        - "lemma": in lower case;
        - "dep": the role in the dependency tree, such as "nsubj";
        - "negation", "number": whether the word negates, and whether it is a number.

        All but the first two are None where the pipeline does not say, where it sees nothing but
        white space, and in texts that it cannot read.
    errors : dict of int to str
        Why a text could not be read, by its number.
    """

    columns: dict[str, list[Any]]
    errors: dict[int, str]


class Pipeline:
    """A spaCy pipeline that annotates the words of siamviz.

    Parameters
    ----------
    pipeline : str, Path or spacy.language.Language
        The name of an installed pipeline, the path of one on disk, or a loaded one, which is left
        as it is. It may lack a tagger, a lemmatizer or a parser.

    Attributes
    ----------
    name : str
    missing : tuple of str
        What it cannot say, in sentences.

    Raises
    ------
    ImportError
        If spaCy is not installed.
    ArgumentTypeError
        If `pipeline` is none of these.
    DataError
        If there is no such pipeline, or it cannot be loaded.

    Examples
    --------
    >>> pipeline = Pipeline("en_core_web_sm")
    >>> pipeline.annotate(["Cats sleep."], [[(0, 4), (5, 10), (10, 11)]]).columns["lemma"]
    ['cat', 'sleep', '.']
    """

    def __init__(self, pipeline: str | Path | Language) -> None:
        self._nlp, self.name = _loaded(pipeline)
        self._unused = [
            name for name, factory in self._nlp.pipe_factories.items() if factory in _UNUSED
        ]
        probe = next(iter(self._nlp.pipe([_PROBE], disable=self._unused)))
        self._has = {what: probe.has_annotation(what) for what in ("POS", "LEMMA", "DEP", "MORPH")}
        self._negation_words = NEGATION_WORDS if self._nlp.lang == "en" else frozenset[str]()
        self.missing = tuple(self._missing())

    def annotate(
        self,
        texts: Sequence[str],
        words: Sequence[Sequence[Span | None]],
        *,
        batch_size: int = 32,
    ) -> Annotations:
        """Annotate the words of texts.

        Words and spaCy's tokens are matched by their characters. A word of several tokens
        ("don't") takes part of speech, lemma and role of the one that stands highest in the
        dependency tree; among equals, or without a tree, of one that does not negate, then of the
        longest part, then of the first. It negates or is a number if any of them does or is. A
        token of several words gives all of them its values. What comes after the last word of a
        text is not read.

        Parameters
        ----------
        texts : sequence of str, length T
        words : sequence of sequences of (start, end), length T
            The words of each text, half-open and in characters; None for a special token.
        batch_size : int
            Texts at a time; some 4 kB of memory a character.

        Raises
        ------
        InvalidArgumentError
            If there is not one list of words for every text.
        """
        if len(texts) != len(words):
            raise InvalidArgumentError(
                f"There are {len(texts)} texts and {len(words)} lists of words. Give one list of "
                "(start, end) spans for each text."
            )
        columns: dict[str, list[Any]] = {name: [] for name in ("text", "word", *FIELDS)}
        errors: dict[int, str] = {}
        read = map(_as_far_as_words, texts, words)
        docs = self._docs(read, len(texts), errors, batch_size)
        for number, (spans, doc) in enumerate(zip(words, docs, strict=True)):
            for place, tokens in enumerate(_aligned(doc, spans)):
                record = (number, place, *self._record(tokens))
                for column, value in zip(columns.values(), record, strict=True):
                    column.append(value)
        return Annotations(columns, errors)

    def _docs(
        self, texts: Iterable[str], count: int, errors: dict[int, str], batch_size: int
    ) -> Iterator[Doc | None]:
        """Yield each text as spaCy sees it; None, with an entry in `errors`, where it cannot."""
        readable = self._readable(texts, errors)
        done = self._nlp.pipe(readable, as_tuples=True, batch_size=batch_size, disable=self._unused)
        place = 0
        for doc, number in done:
            yield from repeat(None, number - place)
            yield doc
            place = number + 1
        yield from repeat(None, count - place)

    def _readable(self, texts: Iterable[str], errors: dict[int, str]) -> Iterator[tuple[Doc, int]]:
        for number, text in enumerate(texts):
            try:
                yield self._made(text), number
            except ValueError as error:
                errors[number] = f"The pipeline {self.name!r} cannot read the text: {error}."

    def _made(self, text: str) -> Doc:
        limit = self._nlp.max_length
        if len(text) > limit:
            raise ValueError(f"it has {len(text)} characters, and {limit} are its limit")
        return self._nlp.make_doc(text)

    def _record(self, tokens: Sequence[tuple[Token, int]]) -> tuple[Any, ...]:
        """Return the values of `FIELDS` for a word that overlaps (token, characters)."""
        if not tokens:
            return (None,) * len(FIELDS)
        token = tokens[0][0]
        if len(tokens) > 1:
            token = min(tokens, key=self._precedence)[0]
        return (
            token.pos_ or None,
            token.lemma_.lower() or None,
            token.dep_ or None,
            any(self._negates(one) for one, _ in tokens) if self._knows_negation else None,
            any(one.like_num or one.pos_ == "NUM" for one, _ in tokens),
        )

    def _precedence(self, part: tuple[Token, int]) -> tuple[int, bool, int]:
        token, overlap = part
        return sum(1 for _ in token.ancestors), self._negates(token), -overlap

    def _negates(self, token: Token) -> bool:
        if token.dep_ == "neg" or "Neg" in token.morph.get("Polarity", []):
            return True
        forms = (token.lower_, token.norm_, token.lemma_.lower())
        return not self._negation_words.isdisjoint(forms)

    @property
    def _knows_negation(self) -> bool:
        return bool(self._negation_words) or self._has["DEP"] or self._has["MORPH"]

    def _missing(self) -> Iterator[str]:
        needs = (
            ("POS", "tagger of universal parts of speech", "parts of speech"),
            ("LEMMA", "lemmatizer", "lemmas"),
            ("DEP", "parser", "dependency roles"),
        )
        for what, component, product in needs:
            if not self._has[what]:
                yield f"the pipeline {self.name!r} has no {component}, so there are no {product}"
        if not self._knows_negation:
            yield (
                f"the pipeline {self.name!r} has no parser or morphologizer and is not English, "
                "so negation is not known"
            )


def _as_far_as_words(text: str, spans: Sequence[Span | None]) -> str:
    return text[: max((span[1] for span in spans if span), default=0)]


def _aligned(doc: Doc | None, spans: Sequence[Span | None]) -> Iterator[list[tuple[Token, int]]]:
    """Yield for each span the tokens that overlap it, with the number of common characters."""
    tokens = [] if doc is None else [token for token in doc if not token.is_space]
    starts = [token.idx for token in tokens]
    ends = [token.idx + len(token) for token in tokens]
    for span in spans:
        start, end = span or (0, 0)
        first = bisect_right(ends, start)
        last = bisect_left(starts, end) if start < end else first
        yield [(tokens[i], min(ends[i], end) - max(starts[i], start)) for i in range(first, last)]


def _loaded(pipeline: Any) -> tuple[Language, str]:
    spacy = _spacy()
    if isinstance(pipeline, spacy.language.Language):
        return pipeline, f"{pipeline.lang}_{pipeline.meta['name']}"
    if not isinstance(pipeline, str | Path):
        raise ArgumentTypeError(
            "Pipeline takes the name or path of a spaCy pipeline, or a loaded one; got "
            f"{type(pipeline).__name__} {pipeline!r:.60}."
        )
    name = str(pipeline)
    if not (spacy.util.is_package(name) or Path(name).is_dir()):
        raise _unknown(name, spacy.util.get_installed_models())
    try:
        return spacy.load(name), name
    except (OSError, ValueError) as error:
        raise DataError(
            f"The pipeline {name!r} cannot be loaded. Install one that fits spaCy "
            f"{spacy.__version__}. spaCy says: {error}"
        ) from error


def _unknown(name: str, installed: Sequence[str]) -> DataError:
    listed = ", ".join(map(repr, installed)) or "none"
    return DataError(
        f"There is no spaCy pipeline {name!r}. Installed: {listed}.{suggest(name, installed)} "
        "Get one with: python -m spacy download en_core_web_sm, or give the path of one."
    )


def _spacy() -> Any:
    try:
        return import_module("spacy")
    except ImportError as error:
        raise ImportError(
            "Parts of speech, lemmas and dependency roles need spaCy, which is not installed. "
            "Install it with: pip install 'siamviz[linguistics]'"
        ) from error
