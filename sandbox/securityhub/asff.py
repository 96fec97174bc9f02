"""Findings as stored: their JSON, and the few fields by which they are found again."""

from typing import Any, NamedTuple

import msgspec

from sandbox.securityhub.clock import parse_timestamp

encode = msgspec.json.Encoder().encode
_decode_any = msgspec.json.Decoder().decode


class Keys(NamedTuple):
    """What a finding is indexed by; None where the finding does not say, or says it in the wrong form.

    `account` and `region` decide who sees it. `updated` is `UpdatedAt` in microseconds, 0 where it is none.
    `noted`: when its note was written, likewise.
    `provider` is the part of `ProductArn` after `product/`, with the account of a default product left out.
    """

    id: str | None
    product_arn: str | None
    account: str | None
    region: str | None
    updated: int
    product_name: str | None
    provider: str | None
    record: str | None
    workflow: str | None
    compliance: str | None
    severity: str | None
    generator: str | None
    control: str | None
    noted: int | None


class _Workflow(msgspec.Struct):
    Status: str | None = None


class _Compliance(msgspec.Struct):
    Status: str | None = None
    SecurityControlId: str | None = None


class _Severity(msgspec.Struct):
    Label: str | None = None


class _Note(msgspec.Struct):
    UpdatedAt: str | None = None


class _Indexed(msgspec.Struct):
    """The indexed part of a well-formed finding."""

    Id: str | None = None
    ProductArn: str | None = None
    AwsAccountId: str | None = None
    Region: str | None = None
    UpdatedAt: str | None = None
    ProductName: str | None = None
    RecordState: str | None = None
    GeneratorId: str | None = None
    Workflow: _Workflow | None = None
    Compliance: _Compliance | None = None
    Severity: _Severity | None = None
    Note: _Note | None = None


_decode_indexed = msgspec.json.Decoder(_Indexed).decode


def keys_of(body: bytes) -> Keys:
    """Return the keys of a finding's JSON, however malformed it is."""
    try:
        found = _decode_indexed(body)
    except msgspec.ValidationError:
        return _keys_of_malformed(decode(body) or {})
    except msgspec.DecodeError:
        return _keys_of_malformed({})
    return Keys(
        id=found.Id,
        product_arn=found.ProductArn,
        account=found.AwsAccountId,
        region=found.Region,
        updated=parse_timestamp(found.UpdatedAt) or 0,
        product_name=found.ProductName,
        provider=provider_of(found.ProductArn),
        record=found.RecordState,
        workflow=found.Workflow.Status if found.Workflow else None,
        compliance=found.Compliance.Status if found.Compliance else None,
        severity=found.Severity.Label if found.Severity else None,
        generator=found.GeneratorId,
        control=found.Compliance.SecurityControlId if found.Compliance else None,
        noted=parse_timestamp(found.Note.UpdatedAt) if found.Note else None,
    )


def _keys_of_malformed(finding: dict[str, Any]) -> Keys:
    def text(*path: str) -> str | None:
        value: Any = finding
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) else None

    return Keys(
        id=text("Id"),
        product_arn=text("ProductArn"),
        account=text("AwsAccountId"),
        region=text("Region"),
        updated=parse_timestamp(finding.get("UpdatedAt")) or 0,
        product_name=text("ProductName"),
        provider=provider_of(text("ProductArn")),
        record=text("RecordState"),
        workflow=text("Workflow", "Status"),
        compliance=text("Compliance", "Status"),
        severity=text("Severity", "Label"),
        generator=text("GeneratorId"),
        control=text("Compliance", "SecurityControlId"),
        noted=parse_timestamp(text("Note", "UpdatedAt")),
    )


def provider_of(product_arn: str | None) -> str | None:
    """Return which product an ARN names, whatever its Region and account: `aws/securityhub`, `default`."""
    if product_arn is None:
        return None
    product = product_arn.rpartition(":product/")[2]
    return "default" if product.endswith("/default") else product


def decode(body: bytes) -> dict[str, Any] | None:
    """Return a finding as plain data, or None where its JSON is broken or no object."""
    try:
        finding = _decode_any(body)
    except msgspec.DecodeError:
        return None
    return finding if isinstance(finding, dict) else None
