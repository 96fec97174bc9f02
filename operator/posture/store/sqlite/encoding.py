"""How a finding becomes a key, digests and two small blobs, and becomes a finding again."""

from collections.abc import Callable
from hashlib import blake2b

import msgspec

from posture.domain.consistency import CustomerFields, Overlay
from posture.domain.exceptions.marks import UserFields
from posture.domain.findings import Finding, Resource, Workflow

Word = int | str
"""The number of a text that many findings repeat, or the text itself."""

ProviderBody = tuple[str, Word, Word, int, tuple[Resource, ...]]
"""Id, ProductArn, Title, CreatedAt, Resources."""


_encode = msgspec.msgpack.Encoder().encode
_decode_provider: Callable[[bytes], ProviderBody] = msgspec.msgpack.Decoder(ProviderBody).decode
_decode_customer = msgspec.msgpack.Decoder(tuple[str, UserFields, str]).decode
_decode_overlay = msgspec.msgpack.Decoder(tuple[str | None, UserFields | None, str, bool]).decode

NO_CUSTOMER_TEXT = ("", (), "")


def digest(blob: bytes) -> bytes:
    """Return the 8 bytes by which a row knows whether its body has changed."""
    return blake2b(blob, digest_size=8).digest()


def digest_of(blob: bytes | None) -> bytes | None:
    """Return the digest of a blob that may be missing."""
    return None if blob is None else digest(blob)


def encode_provider(finding: Finding, product_arn: Word, title: Word) -> bytes:
    """Encode the provider's fields that have no column."""
    return _encode((finding.id, product_arn, title, finding.created_at, finding.resources))


def decode_provider(blob: bytes) -> ProviderBody:
    """Return what `encode_provider` was given."""
    return _decode_provider(blob)


def encode_customer(note: str, user_fields: UserFields, note_by: str) -> bytes | None:
    """Encode the customer's fields that have no column; None when there are none, as mostly."""
    return _encode((note, user_fields, note_by)) if note or user_fields else None


def decode_customer(blob: bytes | None) -> tuple[str, UserFields, str]:
    """Return the note, user-defined fields, and who wrote the note."""
    return NO_CUSTOMER_TEXT if blob is None else _decode_customer(blob)


def stored_customer_fields(workflow: int, blob: bytes | None) -> CustomerFields:
    """Return the customer's fields of a row."""
    return CustomerFields(Workflow(workflow), *decode_customer(blob))


def encode_overlay(overlay: Overlay) -> tuple[int | None, bytes, int]:
    """Return an overlay's columns: workflow, fields, written."""
    workflow = None if overlay.workflow is None else int(overlay.workflow)
    fields = _encode((overlay.note, overlay.user_fields, overlay.note_by, overlay.fields_tell))
    return workflow, fields, overlay.written_at


def decode_overlay(workflow: int | None, fields: bytes, written_at: int) -> Overlay:
    """Return the overlay of these columns."""
    note, user_fields, note_by, fields_tell = _decode_overlay(fields)
    status = None if workflow is None else Workflow(workflow)
    return Overlay(status, note, user_fields, written_at, note_by, fields_tell)
