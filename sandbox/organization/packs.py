"""The conformance packs of a simulated organization, and the findings that Config has sent of their rules."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from sandbox.config.finding import finding_of
from sandbox.config.rules import COMPLIANT, NON_COMPLIANT, made_up
from sandbox.config.seed import ORGANIZATION_PACKS, SeedAggregator, SeedConfig, SeedPack, seeded_rules
from sandbox.securityhub.changes import with_workflow
from sandbox.securityhub.clock import format_timestamp

AGGREGATOR = "organization"
DELETED = "baseline-of-last-year"
ALONE = ("approved-amis-by-tag", "required-tags-on-everything")
"""Rules of the organization that are in no pack."""
RULES = (
    "access-keys-rotated", "account-part-of-organizations", "acm-certificate-expiration-check",
    "api-gw-execution-logging-enabled", "autoscaling-launch-config-public-ip-disabled",
    "cloud-trail-cloud-watch-logs-enabled", "cloud-trail-encryption-enabled", "cloudtrail-enabled",
    "cmk-backing-key-rotation-enabled", "dynamodb-pitr-enabled", "ebs-snapshot-public-restorable-check",
    "ec2-ebs-encryption-by-default", "ec2-imdsv2-check", "ec2-instance-no-public-ip",
    "ec2-managedinstance-patch-compliance-status-check", "efs-encrypted-check",
    "eks-endpoint-no-public-access", "elb-deletion-protection-enabled", "elb-logging-enabled",
    "encrypted-volumes", "guardduty-enabled-centralized", "iam-password-policy",
    "iam-root-access-key-check", "iam-user-mfa-enabled", "iam-user-unused-credentials-check",
    "kms-cmk-not-scheduled-for-deletion", "lambda-function-public-access-prohibited",
    "mfa-enabled-for-iam-console-access", "multi-region-cloud-trail-enabled",
    "rds-instance-public-access-check", "rds-snapshots-public-prohibited", "rds-storage-encrypted",
    "redshift-cluster-public-access-check", "root-account-mfa-enabled",
    "s3-account-level-public-access-blocks", "s3-bucket-logging-enabled",
    "s3-bucket-public-read-prohibited", "s3-bucket-versioning-enabled", "vpc-default-security-group-closed",
    "vpc-flow-logs-enabled",
)  # fmt: skip
"""Rules of AWS's own, by the names that its sample packs give them."""
_SENT = 0.8
_ONCE_FAILED = 0.15
_SUPPRESSED = 0.1


def config_of(
    administrator: str, region: str, packs: Sequence[str], *, rules: int, seed_number: int
) -> SeedConfig:
    """Return what Config has everywhere: packs of `rules` rules each (40 at most), which share some of them.

    One that was deleted is still listed. The aggregator is the administrator's, in a Region.
    """
    return SeedConfig(
        aggregators=[SeedAggregator(AGGREGATOR, administrator, region)],
        packs=[
            *(
                SeedPack(name, _turned(7 * number)[:rules], created_by=ORGANIZATION_PACKS)
                for number, name in enumerate(packs)
            ),
            SeedPack(DELETED, _turned(0)[:3], created_by=ORGANIZATION_PACKS, deleted=True),
        ],
        rules=list(ALONE),
        failing=0.12,
        # Some rules fail everywhere, most nowhere: else every rule of a large organization would fail.
        sound=0.6,
        without_results=0.1,
        seed_number=seed_number,
    )


def _turned(by: int) -> list[str]:
    at = by % len(RULES)
    return [*RULES[at:], *RULES[:at]]


def findings_of(
    config: SeedConfig, account: str, account_name: str, region: str, now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield what Config has sent: of most resources that fail, and of some that failed once."""
    random = Random(f"{config.seed_number}/{account}/{region}/config")
    for rule, compliance in seeded_rules(config, account, region):
        sent = {NON_COMPLIANT: _SENT, COMPLIANT: _ONCE_FAILED}.get(compliance, 0.0)
        for evaluation in made_up(account, region, rule, compliance):
            if random.random() >= sent:
                continue
            # A finding is not refreshed: it is as old as the change that it tells of.
            changed = now - timedelta(days=80 * random.random())
            first = changed - timedelta(days=5 * random.random())
            finding = finding_of(
                account, region, rule, evaluation, created_at=_iso(first), updated_at=_iso(changed)
            )
            finding["AwsAccountName"] = account_name
            suppressed = compliance == NON_COMPLIANT and random.random() < _SUPPRESSED
            yield with_workflow(finding, "SUPPRESSED") if suppressed else finding


def document_of(config: SeedConfig) -> dict[str, Any]:
    """Return it as a seed document has it."""
    document: dict[str, Any] = msgspec.to_builtins(config)
    return document


def _iso(moment: datetime) -> str:
    return format_timestamp(round(moment.timestamp() * 1_000_000))
