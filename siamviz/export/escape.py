"""Token text is never markup: the one place where text is made safe to show."""

from __future__ import annotations

import html
import json
import unicodedata

_LINE_BREAKS = frozenset("\t\n\r")
_NAMED = {
    "\u2028": "⟨LS⟩",
    "\u2029": "⟨PS⟩",
    "\u202a": "⟨LRE⟩",
    "\u202b": "⟨RLE⟩",
    "\u202c": "⟨PDF⟩",
    "\u202d": "⟨LRO⟩",
    "\u202e": "⟨RLO⟩",
    "\u2066": "⟨LRI⟩",
    "\u2067": "⟨RLI⟩",
    "\u2068": "⟨FSI⟩",
    "\u2069": "⟨PDI⟩",
}
_REPLACEMENT = "\ufffd"
_INERT_IN_SCRIPT = str.maketrans(
    {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
)


def _picture_of(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if character in _NAMED:
        return _NAMED[character]
    nameless = unicodedata.category(character) in ("Cc", "Cs") or code & 0xFFFE == 0xFFFE
    return _REPLACEMENT if nameless else character


def visible(text: str) -> str:
    r"""Return `text` with every character that could act on its surroundings made visible.

    Control characters become their pictures (NUL is ␀, ESC is ␛), bidirectional overrides and
    the line separators U+2028 and U+2029 their names, lone surrogates and non-characters
    U+FFFD. Tab, newline and carriage return stay. The result is valid UTF-8 and XML 1.0.

    >>> visible("a\x00b\u202ec")
    'a␀b⟨RLO⟩c'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in _LINE_BREAKS else _picture_of(c) for c in text)


def label(text: str) -> str:
    r"""Return `text` as a heading on one line: as `visible`, and white space can be seen.

    >>> label("two\nlines"), label(" ")
    ('two␊lines', '␣')
    """
    if not text or (text.isspace() and not _LINE_BREAKS.intersection(text)):
        return "␣"
    shown = "".join(map(_picture_of, text))
    if all(unicodedata.category(c) == "Cf" for c in shown):
        return "".join(f"⟨U+{ord(c):04X}⟩" for c in shown)
    return shown


def escape(text: str) -> str:
    """Return `text` as character data for HTML or XML, safe in quoted attributes too.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(visible(text), quote=True)


def json_for_script(value: object) -> str:
    """Return `value` as JSON that may stand inside an HTML ``<script>`` element.

    No ``<``, ``>``, ``&`` and no line separator is left unescaped, so that nothing in it can
    end the element. NaN and infinity raise ValueError, for they are not JSON.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).translate(_INERT_IN_SCRIPT)
