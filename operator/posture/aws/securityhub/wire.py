"""Decodes a page of GetFindings. A page is all or nothing; a finding in it stands for itself.

A body that is no page (truncated, HTML, empty) is an error, never an empty page: from an empty page a sync
would conclude that findings are gone. A finding that is malformed costs only itself: one in which some field
has the wrong JSON type is read the slow way, for what can still be read of it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from posture.aws.securityhub.asff import (
    AssociatedStandard,
    ComplianceFields,
    ControlParameter,
    FindingFields,
    NoteFields,
    ProductFields,
    ResourceFields,
    SeverityFields,
    WorkflowFields,
)
from posture.aws.securityhub.finding import Unstorable, read_finding
from posture.domain.findings import Finding, FindingId, Rejection

_Parameters: TypeAlias = dict[FindingId, dict[str, tuple[str, ...]]]


class FindingsPage(NamedTuple):
    """A page of GetFindings, and when it was asked for."""

    findings: list[Finding]
    rejected: list[Rejection]
    """Findings that are not among `findings`."""
    unreadable: list[Rejection]
    """Those among `findings` that have a default for what was odd."""
    next_token: str | None
    asked_at: int = 0
    """Start of the request in µs by AWS's clock, strictly later than that of every request of the same
    `SecurityHub` that started before. This and what follows is the client's to say; a body does not know."""
    uncertainty: int | None = None
    """Of `asked_at`, give or take (µs); None while no answer had a Date."""
    seconds: float = 0.0
    """What the request took, without the wait for the quota."""
    parameters: Mapping[FindingId, Mapping[str, Sequence[str]]] = MappingProxyType({})
    """Of the controls of those findings that say them: by name, the values in force."""
    body: bytes = b""
    """What all of it was read from, as Unicode: `whole_findings` finds each finding in it again."""


class NotAPage(ValueError):  # noqa: N818 - says what the body is not
    """The body is not GetFindings' answer."""


class _TypedPage(msgspec.Struct, gc=False, rename="pascal"):
    findings: list[FindingFields]
    next_token: str | None = None


class _RawPage(msgspec.Struct, gc=False, rename="pascal"):
    findings: list[msgspec.Raw]
    next_token: str | None = None


class _Identity(msgspec.Struct, gc=False, rename="pascal"):
    id: str
    product_arn: str


_identity = msgspec.json.Decoder(_Identity)
_typed_page = msgspec.json.Decoder(_TypedPage)
_raw_page = msgspec.json.Decoder(_RawPage)
_typed_finding = msgspec.json.Decoder(FindingFields)
# Every escape of a JSON string, so that an escaped backslash is not taken for the start of one; the group is
# half of a surrogate pair without its other half.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def decode_page(body: bytes) -> FindingsPage:
    """Decode the body of a successful GetFindings; raise NotAPage where it is none.

    An empty or null NextToken is none (the last page).
    """
    try:
        typed = _typed_page.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        sound = _as_unicode(body)
        return _decode_one_by_one(sound, mended=sound != body)
    parameters: _Parameters = {}
    page = FindingsPage([], [], [], typed.next_token or None, parameters=parameters, body=body)
    for fields in typed.findings:
        _add(page, parameters, fields, [], b"", mended=False)
    return page


def whole_findings(page: FindingsPage) -> Iterator[tuple[FindingId, bytes]]:
    """Yield the findings of a page as Security Hub gave them, each as its own JSON.

    Those without a readable identity are left out, as they are among `findings`.
    """
    if not page.body:
        return
    for raw in _raw_page.decode(page.body).findings:
        try:
            identity = _identity.decode(raw)
        except msgspec.ValidationError:
            continue
        yield FindingId(identity.product_arn, identity.id), bytes(raw)


def _decode_one_by_one(body: bytes, *, mended: bool) -> FindingsPage:
    """Decode a body that is Unicode; `mended`: it was not, so a replacement may stand for anything."""
    try:
        raw_page = _raw_page.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotAPage(str(error)) from error
    parameters: _Parameters = {}
    page = FindingsPage([], [], [], raw_page.next_token or None, parameters=parameters, body=body)
    for raw in raw_page.findings:
        notes: list[str] = []
        try:
            fields = _typed_finding.decode(raw)
        except msgspec.ValidationError:
            try:
                fields = salvage(msgspec.json.decode(raw), notes)
            except msgspec.ValidationError as error:
                page.rejected.append(Rejection(_digest(raw), "", "", str(error)))
                continue
        _add(page, parameters, fields, notes, bytes(raw), mended=mended)
    return page


def _add(
    page: FindingsPage,
    parameters: _Parameters,
    fields: FindingFields,
    notes: list[str],
    raw: bytes,
    *,
    mended: bool,
) -> None:
    if mended and _REPLACEMENT in f"{fields.product_arn}{fields.id}":
        # It cannot be asked for, and two such findings may look alike.
        fields.id = None
        notes.append("Id or ProductArn is no Unicode")
    try:
        finding = read_finding(fields, notes)
    except Unstorable as why:
        identity = fields.id or _digest(raw or msgspec.json.encode(fields))
        page.rejected.append(
            Rejection(
                identity,
                fields.product_arn or "",
                fields.aws_account_id or "",
                "; ".join((*notes, str(why))),
            )
        )
        return
    page.findings.append(finding)
    if fields.compliance is not None and fields.compliance.security_control_parameters:
        parameters[FindingId(finding.product_arn, finding.id)] = {
            each.name: each.value
            for each in fields.compliance.security_control_parameters
            if each.name and each.value
        }
    if notes:
        page.unreadable.append(
            Rejection(finding.id, finding.product_arn, finding.account_id, "; ".join(notes))
        )


def _as_unicode(body: bytes) -> bytes:
    """Replace what no Unicode text can hold: stray bytes, and halves of surrogate pairs."""
    text = body.decode("utf-8", "replace").encode()
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], text)


def _digest(raw: bytes | msgspec.Raw) -> str:
    return f"sha256:{hashlib.sha256(bytes(raw)).hexdigest()[:32]}"


StructT = TypeVar("StructT", bound=msgspec.Struct)

_OBJECTS: Mapping[str, type[msgspec.Struct]] = {
    "compliance": ComplianceFields,
    "severity": SeverityFields,
    "workflow": WorkflowFields,
    "note": NoteFields,
    "product_fields": ProductFields,
}
_LISTS: Mapping[str, type[msgspec.Struct]] = {
    "resources": ResourceFields,
    "associated_standards": AssociatedStandard,
    "security_control_parameters": ControlParameter,
}
_MAPS = frozenset({"tags", "user_defined_fields"})


def salvage(value: object, notes: list[str]) -> FindingFields:
    """Read what has the right type out of a decoded finding; each field that has not is named in `notes`.

    Raises msgspec.ValidationError where the value is not an object at all.
    """
    if not isinstance(value, dict):
        raise msgspec.ValidationError(f"a finding must be an object, not {type(value).__name__}")
    return _object(value, FindingFields, "", notes)


def _object(value: dict[str, Any], shape: type[StructT], path: str, notes: list[str]) -> StructT:
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(shape):
        if field.encode_name in value:
            part = value[field.encode_name]
            try:
                kept[field.name] = msgspec.convert(part, field.type)
            except msgspec.ValidationError:
                where = f"{path}{field.encode_name}"
                kept[field.name] = _part(part, field.name, where, notes)
    return shape(**kept)


def _part(part: object, name: str, where: str, notes: list[str]) -> object:
    """Keep what is sound inside an object, list or map of the wrong make; None where nothing is."""
    if name in _OBJECTS and isinstance(part, dict):
        return _object(part, _OBJECTS[name], f"{where}.", notes)
    if name in _LISTS and isinstance(part, list):
        shape = _LISTS[name]
        return tuple(
            _object(entry if isinstance(entry, dict) else {}, shape, f"{where}[{index}].", notes)
            for index, entry in enumerate(part)
        )
    notes.append(f"{where} has the wrong type: ignored")
    if name in _MAPS and isinstance(part, dict):
        return {key: text for key, text in part.items() if isinstance(text, str)}
    return None
