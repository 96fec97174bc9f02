"""Doing what `posture import` asks for: reading, translating, printing, and saying what could not be said."""

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from posture.api.admission import refusals
from posture.api.resource import dotted, parse
from posture.api.suppression_policy import SuppressionPolicy
from posture.cli.importing.fml import rules_of_fml
from posture.cli.importing.manifests import as_comment, as_manifest
from posture.cli.importing.policies import ImportTerms, NamedPolicy, policies_of
from posture.cli.importing.prowler import rules_of_mutelist
from posture.cli.importing.prowler_findings import read_findings
from posture.cli.importing.rows import rules_of_csv
from posture.cli.importing.rules import CannotSayError, Imported, ImportedRule, LeftOut, NotReadableError
from posture.cli.terminal import complain, show
from posture.cli.validate.manifests import STANDARD_INPUT
from posture.config.model import Config
from posture.domain.exceptions.policy import is_active
from posture.domain.text import counted
from posture.domain.time import instant_of
from posture.suppression.terms import ends_too_late

_Read = TypeVar("_Read")


class _End(NamedTuple):
    expires_at: int


def import_file(form: str, path: Path, findings: Path | None, terms: ImportTerms) -> None:
    """Print the policies of a file; ends with 1 where it cannot be read, or nothing of it can be said."""
    try:
        imported = _read(form, path, findings)
    except NotReadableError as error:
        complain(error)
        sys.exit(1)
    for remark in imported.remarks:
        complain(remark)
    blocks: list[str] = []
    policies = left_out = 0
    for entry in imported.entries:
        made = _made(entry, terms)
        if isinstance(made, LeftOut):
            left_out += 1
            complain(f"{made.place}: not translated: {made.says}")
            blocks.append(as_comment([f"{made.place}: NOT TRANSLATED: {made.says}"]))
            continue
        policies += len(made)
        blocks += _blocks(entry.place, made)
        for each in made:
            _warn(entry.place, each)
    total = (
        f"{counted(len(imported.entries), 'rule', 'rules')}: {counted(policies, 'policy', 'policies')},"
        f" {left_out} not translated"
    )
    if blocks:
        show(as_comment([f"posture import {form} {path}: {total}", *imported.remarks]) + "".join(blocks))
    complain(total)
    if not policies:
        sys.exit(1)


def problem_with(terms: ImportTerms) -> tuple[str, str] | None:
    """Say what the API refuses of the command line's own terms: the option, and what to write there."""
    options = {
        "target": terms.target,
        "expires-at": terms.expires_at,
        "approved-by": terms.approved_by,
        "justification": terms.justification,
    }
    probe = {
        "metadata": {"name": "any"},
        "spec": {
            "targetRef": {"name": terms.target},
            "justification": terms.justification or "of the rules themselves",
            "approvedBy": terms.approved_by or "anybody",
            "expiresAt": terms.expires_at or "2027-03-31T00:00:00Z",
            "suppressFindings": {"match": [{"accounts": ["*"]}]},
        },
    }
    for place, says in refusals(SuppressionPolicy, probe):
        field = dotted(place).removeprefix("spec.")
        names = {"targetRef": "target", "expiresAt": "expires-at", "approvedBy": "approved-by"}
        option = next((names[name] for name in names if field.startswith(name)), "justification")
        return f"--{option}", f"{options[option]!r}: {says}"
    return None


def _read(form: str, path: Path, findings: Path | None) -> Imported:
    known = None if findings is None else _of(findings, read_findings)
    readers: Mapping[str, Callable[[bytes], Imported]] = {
        "fml": rules_of_fml,
        "prowler-mutelist": lambda content: rules_of_mutelist(content, known),
        "csv": rules_of_csv,
    }
    imported = _of(path, readers[form])
    if not imported.entries:
        raise NotReadableError(f"{path}: holds no rules")
    return imported


def _of(path: Path, read: Callable[[bytes], _Read]) -> _Read:
    """Read a file; what is said of it names it."""
    try:
        return read(sys.stdin.buffer.read() if str(path) == STANDARD_INPUT else path.read_bytes())
    except OSError as error:
        raise NotReadableError(f"{path}: cannot be read: {error.strerror}") from None
    except NotReadableError as error:
        raise NotReadableError(f"{path}: {error}") from None


def _made(entry: ImportedRule | LeftOut, terms: ImportTerms) -> list[NamedPolicy] | LeftOut:
    if isinstance(entry, LeftOut):
        return entry
    try:
        return policies_of(entry, terms)
    except CannotSayError as error:
        return LeftOut(entry.place, str(error))


def _blocks(place: str, made: list[NamedPolicy]) -> Iterator[str]:
    for each in made:
        document = as_manifest(each.document)
        yield document.replace("---\n", "---\n" + as_comment([place, *each.remarks]), 1)


def _warn(place: str, policy: NamedPolicy) -> None:
    for remark in policy.remarks:
        complain(f"{place}: {remark}")
    named = {"metadata": {"name": "any", "namespace": "any"}, "spec": policy.document["spec"]}
    read = parse(SuppressionPolicy, named)
    end, now = _End(instant_of(read.spec.expires_at)), instant_of(datetime.now(UTC))
    if not is_active(end, now):
        complain(f"{place}: expiresAt has passed: its policy does nothing")
    elif too_late := ends_too_late(end, now, Config().max_suppression_age):
        complain(f"{place}: {too_late.message} (this is the default)")
