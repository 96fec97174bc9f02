"""Prowler's mutelists, as Prowler 5.46 reads them (`Mutelist.is_muted`, for findings of AWS).

An entry mutes where account, check, Region, resource and tags fit; all but the account are searched for as
regular expressions, in which every `*` stands for `.*`: `.*` is `..*`. Regions and resources are ORs, tags an
AND. An exception of an entry also ends the look through the entries after it in the same account, so that
these have it too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from posture.cli.importing.documents import RulesDocument, read_rules_document
from posture.cli.importing.prowler_findings import KnownFindings
from posture.cli.importing.prowler_wording import Depth, ProwlerWording, found_in_all, starred
from posture.cli.importing.rules import (
    CannotSayError,
    Imported,
    ImportedRule,
    LeftOut,
    NotReadableError,
    Selector,
    searched,
)

_DIGITS = 12
_ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)
_FIELDS = ("Regions", "Resources", "Tags", "Exceptions", "Description")
_EXCEPTED = ("Accounts", "Regions", "Resources", "Tags")
_REMARKS = (
    "a target sees findings of Prowler where its spec.products has Prowler; policies select none that passed",
    "expressions are read as Prowler 5.46 does, to which every * stands for .*, as in ec2_*",
)
_OLD_NAMES = ("Mute List", "Allowlist")


class _Entry(NamedTuple):
    """What one check, or pattern of checks, of an account says."""

    place: str
    account: str
    check: str
    """As Prowler reads it."""
    regions: Sequence[str]
    resources: Sequence[str]
    tags: Sequence[str]
    excepted: Mapping[str, Sequence[str]]
    """Lists of `Exceptions` that are not empty."""
    description: str


def rules_of_mutelist(content: bytes, known: KnownFindings | None) -> Imported:
    """Read a mutelist; `known`: findings of Prowler. Raises NotReadableError."""
    document = read_rules_document(content)
    top = document.value if isinstance(document.value, dict) else {}
    if not isinstance(top.get("Mutelist"), dict):
        old = next((name for name in _OLD_NAMES if name in top), None)
        raise NotReadableError(
            f"is a list of an older Prowler (`{old}`), which read it otherwise: write it as a `Mutelist`"
            if old
            else "has no `Mutelist` at its top"
        )
    accounts = top["Mutelist"].get("Accounts")
    if not isinstance(accounts, dict) or len(top["Mutelist"]) != 1:
        raise NotReadableError(
            "`Mutelist` has not `Accounts` alone: Prowler takes the whole list for malformed"
        )
    entries: list[ImportedRule | LeftOut] = []
    for account, said in accounts.items():
        entries += _of_account(_entries(account, said, document), known)
    return Imported(entries, _REMARKS if entries else ())


def _entries(account: Any, said: Any, document: RulesDocument) -> list[_Entry]:  # noqa: ANN401 - JSON
    line = document.lines.get(("Mutelist", "Accounts", str(account)), 1)
    if not isinstance(account, str):
        raise _malformed(line, f"the account {account} is a number: write it in quotes")
    if not isinstance(said, dict) or said.keys() != {"Checks"} or not isinstance(said["Checks"], dict):
        raise _malformed(line, f"the account {account} has not `Checks` alone")
    found = []
    for check, fields in said["Checks"].items():
        line = document.lines.get(("Mutelist", "Accounts", account, "Checks", str(check)), line)
        wrong = _wrong(check, fields)
        if wrong:
            raise _malformed(line, wrong)
        found.append(
            _Entry(
                f"{check} of account {account}, line {line}",
                account,
                re.sub("^lambda", "awslambda", check),
                fields["Regions"],
                fields["Resources"],
                fields.get("Tags", []),
                {name: each for name, each in fields.get("Exceptions", {}).items() if each},
                fields.get("Description", ""),
            )
        )
    return found


def _wrong(check: object, fields: Any) -> str:  # noqa: ANN401 - JSON
    """Say why Prowler's schema refuses an entry; empty: it takes it."""
    if not isinstance(check, str) or not isinstance(fields, dict):
        return f"the check {check} is no text, or has no fields"
    excepted = fields.get("Exceptions", {})
    if not {"Regions", "Resources"} <= fields.keys() or not fields.keys() <= set(_FIELDS):
        return f"{check} must have Regions and Resources, and may have Tags, Exceptions and Description"
    if not isinstance(excepted, dict) or not excepted.keys() <= set(_EXCEPTED):
        return f"Exceptions of {check} may have {', '.join(_EXCEPTED)}"
    lists = [fields["Regions"], fields["Resources"], fields.get("Tags", []), *excepted.values()]
    if not all(isinstance(each, list) for each in lists):
        return f"{check} has something else where a list is read"
    texts = [fields.get("Description", ""), *(text for each in lists for text in each)]
    if not all(isinstance(text, str) for text in texts):
        return f"{check} has something that is no text: write it in quotes"
    return ""


def _malformed(line: int, says: str) -> NotReadableError:
    return NotReadableError(
        f"line {line}: {says}. Prowler takes the whole list for malformed, and mutes nothing"
    )


def _of_account(entries: Sequence[_Entry], known: KnownFindings | None) -> Iterable[ImportedRule | LeftOut]:
    for number, entry in enumerate(entries):
        try:
            yield _rule(entry, entries[: number + 1], ProwlerWording(known))
        except CannotSayError as error:
            yield LeftOut(entry.place, str(error))


def _rule(entry: _Entry, until: Sequence[_Entry], wording: ProwlerWording) -> ImportedRule:
    if not entry.regions or not entry.resources:
        raise CannotSayError(
            "its Regions or Resources are empty, so that it mutes nothing: write '*' for all"
        )
    if entry.account != "*" and not _ACCOUNT_ID.fullmatch(entry.account):
        raise CannotSayError(f"{entry.account!r} is no account's id, and is compared whole: it mutes nothing")
    common: dict[str, Any] = {} if entry.account == "*" else {"accounts": [entry.account]}
    common |= _regions(entry.regions)
    excepting = [each for each in until if each.excepted and wording.overlap(entry.check, each.check)]
    # What is excepted by what is known today must not be selected by what will be there tomorrow.
    depth = max(
        wording.depth(entry.check, entry.resources, entry.tags),
        *(wording.depth(each.check, *_resources_excepted(each)) for each in excepting),
        Depth.EVERY,
    )
    match = wording.selectors(entry.check, common, entry.resources, entry.tags, depth)
    if not match:
        raise CannotSayError(
            "no finding that was given has such a check and resource: it selects none of them"
        )
    exceptions = [selector for each in excepting for selector in _excepted(each, wording)]
    about = "all-checks" if entry.check == "*" else entry.check
    identity = f"{entry.account}\0{entry.check}"
    return ImportedRule(
        entry.place, about, identity, match, exceptions, why=entry.description, remarks=wording.told(depth)
    )


def _resources_excepted(entry: _Entry) -> tuple[Sequence[str], Sequence[str]]:
    """Return what it excepts by resources and by tags; an empty list asks for nothing."""
    return entry.excepted.get("Resources", ("*",)), entry.excepted.get("Tags", ())


def _excepted(entry: _Entry, wording: ProwlerWording) -> list[Selector]:
    """Return what an entry excepts: what fits all of its lists."""
    lists = entry.excepted
    resources, tags = _resources_excepted(entry)
    try:
        common = _accounts(lists["Accounts"]) if "Accounts" in lists else {}
        if common is None:
            return []
        common |= _regions(lists["Regions"]) if "Regions" in lists else {}
        depth = wording.depth(entry.check, resources, tags)
        return wording.selectors(entry.check, common, resources, tags, depth)
    except CannotSayError as error:
        raise CannotSayError(f"what {entry.place} excepts is not muted by this either: {error}") from None


def _regions(expressions: Sequence[str]) -> dict[str, Any]:
    if found_in_all(expressions):
        return {}
    return {"regions": searched("Regions", [starred(each) for each in expressions])}


def _accounts(expressions: Sequence[str]) -> dict[str, Any] | None:
    """Return how accounts, which have 12 digits, are found by expressions; None: none can be."""
    if found_in_all(expressions):
        return {}
    globs: dict[str, None] = {}
    for glob in searched("Accounts", [starred(each) for each in expressions]):
        fixed = glob.replace("*", "")
        if len(fixed) > _DIGITS or not set(fixed) <= set("0123456789?"):
            continue
        globs[fixed if len(fixed) == _DIGITS else glob] = None
    return {"accounts": list(globs)} if globs else None
