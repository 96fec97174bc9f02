"""One message of EventBridge → one copy of a finding, by the decoder of pages.

The envelope is EventBridge's (user guide, "AWS service events"), the detail Security Hub's (user guide,
"EventBridge event formats": `Security Hub Findings - Imported` has one finding, whole, as GetFindings gives
it).

| what is odd | what becomes of it |
|---|---|
| another source or detail-type: `Findings Imported V2` (OCSF), Custom Action, insights | `Foreign` |
| no JSON, no envelope, no time, not one finding, larger than any finding | `Malformed` |
| the finding lacks what all findings have (shrunk by an InputTransformer), or has odd values | `Hint` |
| that, without Id and ProductArn | `Malformed` |

A copy is stored as if it had been asked for at the event's `time`. That is given in whole seconds; where the
finding's note was written within that second, it is as new as the note at least.
"""

from typing import NamedTuple

import msgspec

from posture.aws.securityhub.wire import NotAPage, decode_page
from posture.domain.findings import Finding, FindingId
from posture.domain.text import message_of_others
from posture.domain.time import SECOND, parse_timestamp

SOURCE = "aws.securityhub"
IMPORTED = "Security Hub Findings - Imported"
VAGUE = 2 * SECOND
"""How much later (µs) a change may have been than its event's time says, by the clock that dates requests:
whole seconds are told, and that clock knows AWS's to the second."""
_LARGEST = 512 * 1024
"""Characters. A finding has 240 KB at most (user guide, "ASFF syntax"), and the envelope adds little."""
_SHOWN = 80
_NOTHING = msgspec.Raw()
_BEFORE, _AFTER = b'{"Findings":[', b"]}"


class FindingEvent(NamedTuple):
    """A copy of a finding, or (`finding` None) the news that there is another one.

    `account_id` and `region` are of the bus that the rule belongs to, `at` is the moment (µs) by which the
    copy is ordered among others.
    """

    account_id: str
    region: str
    at: int
    of: FindingId
    finding: Finding | None
    whole: bytes = b""
    """The finding as Security Hub gave it."""


class Foreign(ValueError):  # noqa: N818 - a verdict on a message, not a fault
    """A message that is no event of a finding in ASFF; it says what it is."""


class Malformed(ValueError):  # noqa: N818 - as above
    """A message that cannot be read; it says why."""


class _Envelope(msgspec.Struct, gc=False):
    source: str = ""
    detail_type: str = msgspec.field(default="", name="detail-type")
    account: str = ""
    region: str = ""
    time: str = ""
    detail: msgspec.Raw = msgspec.Raw()


class _Detail(msgspec.Struct, gc=False):
    findings: list[msgspec.Raw]


class _Note(msgspec.Struct, gc=False, rename="pascal"):
    updated_at: str | None = None


class _Named(msgspec.Struct, gc=False, rename="pascal"):
    """What tells a whole finding from one that was shrunk: required in ASFF, or always set by AWS."""

    id: str = ""
    product_arn: str = ""
    aws_account_id: msgspec.Raw = _NOTHING
    created_at: msgspec.Raw = _NOTHING
    description: msgspec.Raw = _NOTHING
    generator_id: msgspec.Raw = _NOTHING
    record_state: msgspec.Raw = _NOTHING
    resources: msgspec.Raw = _NOTHING
    severity: msgspec.Raw = _NOTHING
    title: msgspec.Raw = _NOTHING
    updated_at: msgspec.Raw = _NOTHING
    workflow: msgspec.Raw = _NOTHING
    note: _Note | None = None

    def is_whole(self) -> bool:
        required = (
            self.aws_account_id,
            self.created_at,
            self.description,
            self.generator_id,
            self.record_state,
            self.resources,
            self.severity,
            self.title,
            self.updated_at,
            self.workflow,
        )
        return all(bytes(each) not in {b"", b"null"} for each in required)


_envelope = msgspec.json.Decoder(_Envelope)
_detail = msgspec.json.Decoder(_Detail)
_named = msgspec.json.Decoder(_Named)


def read_event(body: str) -> FindingEvent:
    """Read the body of a message. Raises Foreign or Malformed, as the module's table says."""
    if len(body) > _LARGEST:
        raise Malformed(f"it has {len(body)} characters, more than any finding")
    try:
        envelope = _envelope.decode(body)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Malformed(f"it is no event: {error}") from error
    if (envelope.source, envelope.detail_type) != (SOURCE, IMPORTED):
        raise Foreign(
            f"it is {_quoted(envelope.detail_type)} of {_quoted(envelope.source)}, not {IMPORTED!r}"
        )
    try:
        at = parse_timestamp(envelope.time)
    except ValueError as error:
        raise Malformed(f"its time {_quoted(envelope.time)} is no timestamp") from error
    try:
        (raw,) = _detail.decode(envelope.detail).findings
        named = _named.decode(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"its detail is not one finding: {error}") from error
    if not named.id or not named.product_arn:
        raise Malformed("its finding has no Id or no ProductArn: keep them where an InputTransformer is used")
    of = FindingId(named.product_arn, named.id)
    finding, whole = _copy(raw) if named.is_whole() else (None, b"")
    at = _not_before_note(at, named.note)
    return FindingEvent(envelope.account, envelope.region, at, of, finding, whole)


def _copy(raw: msgspec.Raw) -> tuple[Finding | None, bytes]:
    """Decode a finding as one of a page; None where something about it is odd: a page says what."""
    try:
        page = decode_page(_BEFORE + bytes(raw) + _AFTER)
    except NotAPage:
        return None, b""
    if page.unreadable or page.rejected:
        return None, b""
    return page.findings[0], page.body[len(_BEFORE) : -len(_AFTER)]


def _not_before_note(at: int, note: _Note | None) -> int:
    if note is None or note.updated_at is None:
        return at
    try:
        written = parse_timestamp(note.updated_at)
    except ValueError:
        return at
    return written if at < written < at + SECOND else at


def _quoted(text: str) -> str:
    return repr(message_of_others(text)[:_SHOWN])
