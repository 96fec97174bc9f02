r"""Other people's text made safe to print: notes, names and messages of AWS, of users, of the API server.

A terminal acts on control characters (ECMA-48: an escape sequence moves the cursor, rewrites lines, sets the
clipboard), readers are deceived by characters that reorder text (Unicode Standard Annex 9, bidirectional
formatting) or are not seen at all. They are shown as Python writes them in a literal: `\x1b`, `\u202e`.
"""

import re
import unicodedata

_GAPS = re.compile(r"(?:\r\n|[ \t\n])+")

# Letters and marks that nobody sees: Default_Ignorable_Code_Point of Unicode but for formats (Cf) and what is
# unassigned (DerivedCoreProperties.txt).
_INVISIBLE = frozenset(
    map(
        chr,
        (
            0x034F, *range(0x115F, 0x1161), *range(0x17B4, 0x17B6), *range(0x180B, 0x1810), 0x3164,
            *range(0xFE00, 0xFE10), 0xFFA0, *range(0xE0100, 0xE01F0),
        ),
    )
)  # fmt: skip


def printable(text: str, *, keep_lines: bool = False) -> str:
    """Return a text with everything escaped that is not seen as itself.

    Escaped are control characters, line and paragraph separators, formats (bidirectional and zero-width ones
    too), what is invisible, half a surrogate pair, and what this Python's Unicode does not know. Blanks of
    any width stay, and with `keep_lines` the ends of lines. What was escaped before stays as it is: a
    backslash is none of them.
    """
    if text.isascii() and text.isprintable():
        return text
    if keep_lines:
        return "\n".join(map(printable, text.replace("\r\n", "\n").split("\n")))
    return "".join(char if _is_seen(char) else _escaped(char) for char in text)


def one_line(text: str) -> str:
    """Return what is `printable` of a text, with each run of spaces, tabs and line ends as one space."""
    return printable(_GAPS.sub(" ", text).strip(" "))


def printable_json(document: str) -> str:
    """Return a JSON document that means the same, with everything escaped that is not seen as itself.

    Outside of its texts JSON has nothing to be escaped but line ends, which stay.
    """
    return "".join(
        char if char == "\n" or (char.isascii() and char.isprintable()) or _is_seen(char) else _units(char)
        for char in document
    )


def _is_seen(char: str) -> bool:
    return (char.isprintable() or unicodedata.category(char) == "Zs") and char not in _INVISIBLE


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _units(char: str) -> str:
    """Escape a character as JSON does (RFC 8259, section 7): by its code units of UTF-16."""
    encoded = char.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{encoded[at : at + 2].hex()}" for at in range(0, len(encoded), 2))
