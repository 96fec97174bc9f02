"""What one raw finding (ASFF as AWS's JSON) says, or nothing where it cannot be read."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

PRODUCT_ARN = re.compile(
    r"arn:[a-z-]+:securityhub:(?P<region>[a-z0-9-]+):(?P<rest>[0-9]*:product/[^/]+/[^/]+)"
)
STANDARD_ARN = re.compile(r"arn:aws[a-z-]*:securityhub:[a-z0-9-]*:[0-9]*:(?:standards|ruleset)/(.+)")
CLASSIC = re.compile(r"([a-z0-9-]+/v/[^/]+)/(?:rule/)?([^/]+)")


@dataclass(frozen=True)
class Seen:
    """One finding, read.

    `claims`: (standard, number or control, whether it is a number), of own findings only.
    """

    product: str
    own: bool
    account: str
    region: str
    severity: str
    compliance: str | None
    workflow: str
    active: bool
    updated: int
    claims: tuple[tuple[str, str, bool], ...]


def microseconds(moment: datetime | int) -> int:
    """Count whole microseconds since the epoch."""
    if isinstance(moment, int):
        return moment
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def read(raw: dict[str, Any]) -> Seen | None:
    """Read a finding; None for one that lacks what identifies or orders it.

    What is unknown is read so that nothing passes by it: Compliance NOT_AVAILABLE, Workflow NEW, RecordState
    ACTIVE. So is a missing Compliance of a control finding.
    """
    product_arn = PRODUCT_ARN.fullmatch(raw.get("ProductArn") or "")
    account = raw.get("AwsAccountId") or ""
    updated = _time(raw.get("UpdatedAt"))
    if not raw.get("Id") or product_arn is None or not re.fullmatch("[0-9]{12}", account) or updated is None:
        return None
    region = raw.get("Region") or product_arn["region"]
    own = product_arn["region"] == region and product_arn["rest"] == ":product/aws/securityhub"
    claims = tuple(_claims(raw)) if own else ()
    compliance = (raw.get("Compliance") or {}).get("Status")
    if compliance not in {"PASSED", "FAILED", "WARNING", "NOT_AVAILABLE"} and (compliance or claims):
        compliance = "NOT_AVAILABLE"
    workflow = (raw.get("Workflow") or {}).get("Status")
    return Seen(
        product="Security Hub" if own else _foreign_product(raw),
        own=own,
        account=account,
        region=region,
        severity=_severity(raw.get("Severity") or {}),
        compliance=compliance,
        workflow=workflow if workflow in {"NOTIFIED", "RESOLVED", "SUPPRESSED"} else "NEW",
        active=raw.get("RecordState") != "ARCHIVED",
        updated=updated,
        claims=claims,
    )


def _time(text: str | None) -> int | None:
    try:
        return microseconds(datetime.fromisoformat(text or ""))
    except (ValueError, TypeError):
        return None


def _foreign_product(raw: dict[str, Any]) -> str:
    """Name another product; one that only calls itself Security Hub goes by its ARN."""
    fields = raw.get("ProductFields") or {}
    for name in (raw.get("ProductName"), fields.get("aws/securityhub/ProductName")):
        if name and name.strip() and name.strip().casefold() not in {"security hub", "security hub cspm"}:
            return str(name.strip())
    return str(raw["ProductArn"].rsplit("/", 1)[-1])


def _severity(severity: dict[str, Any]) -> str:
    if severity.get("Label") in {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"}:
        return str(severity["Label"])
    for least, label in ((90, "CRITICAL"), (70, "HIGH"), (40, "MEDIUM"), (1, "LOW")):
        if (severity.get("Normalized") or 0) >= least:
            return label
    return "INFORMATIONAL"


def _claims(raw: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """List what control of what standard a finding says that it is of."""
    compliance = raw.get("Compliance") or {}
    generator = raw.get("GeneratorId") or ""
    standard, number = _rule(generator, raw.get("ProductFields") or {})
    standards = {
        re.sub(r"^(standards|ruleset)/", "", associated["StandardsId"])
        for associated in compliance.get("AssociatedStandards") or []
    }
    control = compliance.get("SecurityControlId")
    if not control and generator.startswith("security-control/"):
        control = generator.removeprefix("security-control/")
    if control:
        return [(name, control.upper(), False) for name in sorted(standards or {standard}) if name]
    return [(standard, number.upper(), True)] if number else []


def _rule(generator: str, fields: dict[str, Any]) -> tuple[str, str]:
    """Return the standard and the number in it of a classic finding: by its generator, else by its fields."""
    in_arn = STANDARD_ARN.fullmatch(generator)
    classic = CLASSIC.fullmatch(in_arn[1] if in_arn else generator)
    if classic:
        return classic[1], classic[2]
    for arn, number in (("StandardsArn", "ControlId"), ("StandardsGuideArn", "RuleId")):
        standard = STANDARD_ARN.fullmatch(fields.get(arn) or "")
        if standard and fields.get(number):
            return standard[1], fields[number]
    return "", ""
