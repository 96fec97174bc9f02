"""Texts that others wrote (AWS, a proxy, a library), made fit for a log, a condition or an event.

AWS's messages quote what it was sent: the canonical request of a signature, with the session token in it
(AWS General Reference, "Troubleshooting Signature Version 4"), a value that does not match its pattern, such
as an external id (STS API reference, "ValidationError"), or an authorization context that only
sts:DecodeAuthorizationMessage may read.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote

from posture.domain.printable import one_line

LONGEST = 1000
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
    """Return one line of at most `LONGEST` characters, printable, without secrets.

    `secrets`: texts that the request held and nobody may read.
    """
    said = _QUOTATION.split(text.strip(), maxsplit=1)[0]
    line = one_line(without_secrets(said, secrets))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _removed(found: re.Match[str]) -> str:
    return "".join(found[name] or "" for name in _KEPT) + REMOVED
