"""From a text to tokens with character offsets, roles, and what truncation cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from siamviz.contributions import Role, Token, Truncation
from siamviz.errors import ArgumentTypeError, InvalidTextError


@dataclass(frozen=True)
class Tokenized:
    """The tokens of one text, in the order of the model's input ids."""

    tokens: tuple[Token, ...]
    truncation: Truncation


def check_text(text: object, name: str = "text") -> str:
    """Return `text` if it can be tokenized.

    Raises
    ------
    ArgumentTypeError
        If it is not a string.
    InvalidTextError
        If it is empty, only whitespace, or contains a lone surrogate.
    """
    if not isinstance(text, str):
        raise ArgumentTypeError(
            f"{name} must be a str, got {type(text).__name__} ({text!r:.60}). "
            "Pass one sentence as a string; explain_many takes a sequence of pairs."
        )
    if not text.strip():
        raise InvalidTextError(f"{name} is empty ({text!r:.60}). Give it at least one word.")
    for position, character in enumerate(text):
        if 0xD800 <= ord(character) <= 0xDFFF:
            raise InvalidTextError(
                f"{name} contains the lone surrogate U+{ord(character):04X} at position "
                f"{position}, which is no valid Unicode text. Decode the source with "
                "errors='replace'."
            )
    return text


def tokenize(
    tokenizer: Any, text: str, prompt: str, ids: list[int], max_length: int | None
) -> Tokenized:
    """Describe the input ids of ``prompt + text``.

    Parameters
    ----------
    tokenizer : transformers tokenizer
    text, prompt : str
    ids : list of int, length S
        What the model's own preprocessing made of them.
    max_length : int or None
        Where the model cuts.

    Returns
    -------
    Tokenized
        Tokens without offsets where the tokenizer gives none.
    """
    if not isinstance(tokenizer, PreTrainedTokenizerBase):
        return Tokenized(tuple(Token(str(i)) for i in ids), Truncation())
    special = set(tokenizer.all_special_ids)
    names = tokenizer.convert_ids_to_tokens(ids)
    if not tokenizer.is_fast:
        roles: list[Role] = ["special" if i in special else "text" for i in ids]
        return Tokenized(
            tuple(Token(n, role=r) for n, r in zip(names, roles, strict=True)), Truncation()
        )
    whole = _encode(tokenizer, prompt + text, None)
    cut = _encode(tokenizer, prompt + text, max_length)
    if cut["input_ids"] != ids:
        return Tokenized(tuple(Token(n) for n in names), Truncation())
    tokens = tuple(
        _token(prompt, text, name, span, flag)
        for name, span, flag in zip(
            names, cut["offset_mapping"], cut["special_tokens_mask"], strict=True
        )
    )
    if not any(token.role == "text" for token in tokens):
        raise InvalidTextError(
            f"text {text!r:.60} has no token besides the special ones: the tokenizer drops all its "
            "characters, or the prompt fills max_seq_length. Give it at least one word."
        )
    return Tokenized(tokens, _truncation(text, tokens, len(whole["input_ids"]) - len(ids)))


def _encode(tokenizer: Any, text: str, max_length: int | None) -> Any:
    return tokenizer(
        text,
        truncation=max_length is not None,
        max_length=max_length,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        verbose=False,
    )


def _token(prompt: str, text: str, name: str, span: tuple[int, int], flag: int) -> Token:
    start, end = span
    if flag:
        return Token(name, role="special")
    if end <= len(prompt) and end > 0 and prompt:
        return Token(prompt[start:end], role="prompt")
    start, end = max(start - len(prompt), 0), max(end - len(prompt), 0)
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return Token(text[start:end] or name, start, end)


def _truncation(text: str, tokens: tuple[Token, ...], missing: int) -> Truncation:
    if missing <= 0:
        return Truncation()
    last = max((token.end or 0 for token in tokens), default=0)
    return Truncation(characters=len(text) - last, tokens=missing)
