r"""Texts that people read: numbers in words, and other people's words made safe to print and free of secrets.

Notes, names and messages are written by AWS, a proxy, users, the API server. A terminal acts on control
characters (ECMA-48: an escape sequence moves the cursor, rewrites lines, sets the clipboard), readers are
deceived by characters that reorder text (Unicode Standard Annex 9, bidirectional formatting) or are not seen
at all. They are shown as Python writes them in a literal: `\x1b`, `\u202e`.

AWS's messages quote what it was sent: the canonical request of a signature, with the session token in it
(AWS General Reference, "Troubleshooting Signature Version 4"), a value that does not match its pattern, such
as an external id (STS API reference, "ValidationError"), or an authorization context that only
sts:DecodeAuthorizationMessage may read. None of it reaches a log, a condition or an event.
"""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote


def counted(number: int, one: str, many: str) -> str:
    """Return a number with what it counts: `counted(1, "finding is", "findings are")` is `1 finding is`."""
    return f"{number} {one if number == 1 else many}"


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
    if document.isascii() and document.replace("\n", "").isprintable():
        return document
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


LONGEST_MESSAGE = 1000
"""Characters of a message that are kept; AWS's own, with two ARNs in it, has about 400."""
REMOVED = "[removed]"

_NAMES = (
    r"x-amz-security-token|x-amz-signature|aws_?secret_?access_?key|secret_?access_?key|secret_?key"
    r"|(?:aws_?)?session_?token|security_?token|external_?id|web_?identity_?token|saml_?assertion"
    r"|(?:proxy-)?authorization|signature"
)
_VALUES = re.compile(
    rf"""
    (?P<name>\b(?:{_NAMES})\b["']?\s*[:=]\s*["']?)          # x-amz-security-token:…, "ExternalId": "…
      (?:(?:basic|bearer|aws4-hmac-sha256)\s+)?[^\s"'<>&,;]+
    |(?P<element><(?:{_NAMES})>)[^<]*                       # <SecretAccessKey>…
    |(?P<encoded>encoded\ authorization\ (?:failure\ )?message:?\s*)\S+
    |(?P<rejected>\bvalue\ )'[^']*'(?=\ at\ '(?:{_NAMES}|token_?code)')
    |(?P<scheme>://)[^\s/@'"]+:[^\s/@'"]+(?=@)              # a proxy's user and password
    |\beyJ[\w-]{{8,}}\.[\w-]+(?:\.[\w-]*)?                  # a JSON Web Token
    |(?<![\w+/=-])[\w+/=-]{{128,}}                          # session tokens have 300 characters and more
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
# From there on AWS quotes the request that it was sent, header by header.
_QUOTATION = re.compile(r"\n\s*\n|(?:the )?(?:canonical string|string-to-sign)\b", re.IGNORECASE)
_KEPT = ("name", "element", "encoded", "rejected", "scheme")
# Shorter ones are looked for as words only: "eu" would be found in every Region.
_LONG = 8


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without what looks like a credential, and without these `secrets`."""
    for secret in sorted({each for each in secrets if each}, key=len, reverse=True):
        for spelling in {secret, quote(secret, safe="")}:
            found = re.escape(spelling)
            text = re.sub(found if len(spelling) >= _LONG else rf"(?<!\w){found}(?!\w)", REMOVED, text)
    return _VALUES.sub(_removed, text)


def message_of_others(text: str, secrets: Iterable[str] = ()) -> str:
    """Return one line of at most `LONGEST_MESSAGE` characters, printable, without secrets.

    `secrets`: texts that the request held and nobody may read.
    """
    said = _QUOTATION.split(text.strip(), maxsplit=1)[0]
    line = one_line(without_secrets(said, secrets))
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"


def _removed(found: re.Match[str]) -> str:
    return "".join(found[name] or "" for name in _KEPT) + REMOVED
