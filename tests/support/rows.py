"""Findings for tests of the store, and how to look into one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from posture.domain.findings import (
    Check,
    CheckSource,
    Compliance,
    Finding,
    RecordState,
    Resource,
    Severity,
    Workflow,
)
from posture.store.records import key_of
from posture.store.sqlite.store import Store

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
S3_1 = Check(
    "Security Hub", source=CheckSource.SECURITY_HUB, control="S3.1", numbered=False, standards=(FSBP,)
)
EC2_2 = Check(
    "Security Hub",
    source=CheckSource.SECURITY_HUB,
    control="EC2.2",
    numbered=False,
    standards=(FSBP, "pci-dss/v/3.2.1"),
)
GUARDDUTY = Check("GuardDuty", source=None, control="", numbered=False, standards=())
ARN = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
OWNER = "hub-1"


def finding(number: int | str = 1, **fields: Any) -> Finding:
    """A finding with an Id by its number; what matters to a test is given."""
    whole = Finding(
        id=f"arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.1/finding/{number}",
        product_arn=ARN,
        check=S3_1,
        account_id="111122223333",
        account_name="acme-shop-dev",
        region="eu-west-1",
        title="S3 buckets should block public access",
        severity=Severity.MEDIUM,
        compliance=Compliance.FAILED,
        record_state=RecordState.ACTIVE,
        created_at=1,
        updated_at=1_000,
        resources=(Resource("AwsS3Bucket", f"arn:aws:s3:::bucket-{number}"),),
        workflow=Workflow.NEW,
        note="",
        user_fields=(),
    )
    return whole._replace(**fields)


def key(of: Finding) -> bytes:
    return key_of(of.product_arn, of.id)


@contextmanager
def opened(path: Path, owner: str = OWNER) -> Iterator[Store]:
    """An open store, closed in an orderly way."""
    store = Store.open(path, owner=owner).store
    try:
        yield store
    finally:
        store.close()


def as_read(finding: Finding) -> Finding:
    """A finding without since when it fails, which a copy of it says otherwise than a store."""
    return finding._replace(failing=None, first_observed_at=None)


def stored(store: Store, findings: Sequence[Finding]) -> list[Finding]:
    """What the store has of these, in their order."""
    by_id = {each.id: as_read(each) for each in store.read_findings([key(each) for each in findings])}
    return [by_id[each.id] for each in findings if each.id in by_id]


def content(store: Store) -> dict[bytes, Finding]:
    """All that is in a store."""
    return {key(each): as_read(each) for state in RecordState for each in store.findings(state=state)}


def emptied(store: Store) -> Store:
    """The store without its findings, and without what is in memory of those that were removed."""
    store.purge_products(())
    store._removals.settle(2**62)
    return store
