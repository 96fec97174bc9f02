"""`python -m sandbox.securityhub.measure`: how long a hub of some size takes to load, and a page to serve.

Pages are read over HTTP from a server process of its own, one after another, as a poll or a sweep reads them.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import msgspec

from sandbox.cloud import Cloud
from sandbox.securityhub.catalogue import CONTROLS, NORMALIZED_SEVERITY, partition_of

ADMINISTRATOR, REGIONS = "111122223333", ("eu-west-1", "us-east-1", "eu-central-1")
ACCOUNTS = [f"{number:012}" for number in range(200000000000, 200000000200)]
_COMPLIANCE = ("PASSED",) * 80 + ("FAILED",) * 17 + ("WARNING",) * 2 + ("NOT_AVAILABLE",)
_PADDING = "This AWS control checks the configuration of the resource against the requirement. " * 22


class SyntheticOrganization:
    """`count` findings of about 2.9 KB over 201 accounts and 3 Regions, updated over the last 24 hours."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._end = time.time_ns() // 1_000_000

    def seed(self) -> dict[str, Any]:
        """Return the seed document."""
        accounts = [{"id": account, "name": f"account-{account}"} for account in (ADMINISTRATOR, *ACCOUNTS)]
        return {
            "administrator": ADMINISTRATOR,
            "accounts": accounts,
            "regions": list(REGIONS),
            "aggregation": {"region": REGIONS[0]},
        }

    def findings(self) -> Iterator[bytes]:
        """Yield the findings as JSON."""
        controls = list(CONTROLS.values())
        for number in range(self._count):
            control = controls[number % len(controls)]
            yield msgspec.json.encode(self._finding(number, control.id, control.severity, control.title))

    def _finding(self, number: int, control: str, severity: str, title: str) -> dict[str, Any]:
        account, region = ACCOUNTS[number * 7 % len(ACCOUNTS)], REGIONS[number % len(REGIONS)]
        compliance = _COMPLIANCE[number * 31 % len(_COMPLIANCE)]
        # A multiplicative hash spreads the updates over the day in no order.
        updated = self._end - number * 2654435761 % 86_400_000
        workflow = "RESOLVED" if compliance == "PASSED" or number % 43 == 0 else "NEW"
        workflow = "SUPPRESSED" if number % 47 == 0 else workflow
        arn = f"arn:{partition_of(region)}"
        return {
            "SchemaVersion": "2018-10-08",
            "Id": f"{arn}:securityhub:{region}:{account}:security-control/{control}/finding/{number:036}",
            "ProductArn": f"{arn}:securityhub:{region}::product/aws/securityhub",
            "ProductName": "Security Hub" if number % 20 else "GuardDuty",
            "GeneratorId": f"security-control/{control}",
            "AwsAccountId": account,
            "Region": region,
            "UpdatedAt": _timestamp(updated),
            "CreatedAt": "2026-01-01T00:00:00.000Z",
            "Title": title,
            "Description": _PADDING,
            "Severity": {"Label": severity, "Normalized": NORMALIZED_SEVERITY[severity]},
            "Resources": [{"Type": "AwsS3Bucket", "Id": f"{arn}:s3:::bucket-{number}", "Region": region}],
            "Compliance": {"Status": compliance, "SecurityControlId": control},
            "Workflow": {"Status": workflow},
            "RecordState": "ARCHIVED" if number % 11 == 0 else "ACTIVE",
        }


def _timestamp(milliseconds: int) -> str:
    moment = time.gmtime(milliseconds // 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{milliseconds % 1000:03}Z"


def _equals(*values: str) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def questions(end: int) -> dict[str, dict[str, Any]]:
    """Return GetFindings requests by name: those that a poll, a re-list and a sweep ask."""
    window = [{"Start": _timestamp(end - 6 * 3_600_000), "End": _timestamp(end)}]
    by_update = [{"Field": "UpdatedAt", "SortOrder": "asc"}]
    active = {"RecordState": _equals("ACTIVE")}
    return {
        "everything": {},
        "updated in 6 h, sorted": {"Filters": {"UpdatedAt": window}, "SortCriteria": by_update},
        "the same of one product": {
            "Filters": {"UpdatedAt": window, "ProductName": _equals("Security Hub")},
            "SortCriteria": by_update,
        },
        "suppressed or notified": {
            "Filters": {**active, "WorkflowStatus": _equals("SUPPRESSED", "NOTIFIED")},
        },
        "resolved but not passed": {
            "Filters": {
                **active,
                "WorkflowStatus": _equals("RESOLVED"),
                "ComplianceStatus": [{"Value": "PASSED", "Comparison": "NOT_EQUALS"}],
            },
        },
        "not passed": {
            "Filters": {**active, "ComplianceStatus": _equals("FAILED", "WARNING", "NOT_AVAILABLE")},
        },
        "another product": {"Filters": {"ProductName": _equals("GuardDuty")}},
        "one account": {"Filters": {"AwsAccountId": _equals(ACCOUNTS[3])}},
        "one title (no index)": {"Filters": {"Title": _equals("SSM documents should not be public")}},
    }


async def measure(url: str, request: dict[str, Any], pages: int) -> tuple[list[float], int]:
    """Return the seconds that each page took, request and body, and the number of findings."""
    scope = f"Credential={ADMINISTRATOR}/20260101/{REGIONS[0]}/securityhub/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"}
    seconds, findings, token = [], 0, None
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(pages):
            body = msgspec.json.encode({**request, "MaxResults": 100, "NextToken": token or None})
            started = time.perf_counter()
            async with session.post(f"{url}/findings", data=body) as answer:
                answer.raise_for_status()
                raw = await answer.read()
            seconds.append(time.perf_counter() - started)
            page = msgspec.json.decode(raw)
            findings += len(page["Findings"])
            token = page.get("NextToken")
            if token is None:
                break
    return seconds, findings


def main(argv: list[str]) -> int:
    """Load, read, print."""
    parser = argparse.ArgumentParser(prog="sandbox.securityhub.measure")
    parser.add_argument("--findings", type=int, default=20_000)
    parser.add_argument("--pages", type=int, default=100)
    arguments = parser.parse_args(argv)
    organization = SyntheticOrganization(arguments.findings)
    started = time.perf_counter()
    with Cloud.start(organization=organization) as cloud:
        took = time.perf_counter() - started
        print(f"{arguments.findings:,} findings loaded in {took:.1f} s over HTTP")
        print(
            f"{'milliseconds a page':26}{'pages':>7}{'cpu':>8}{'p50':>8}{'p99':>8}{'max':>8}{'findings':>10}"
        )
        for name, request in questions(time.time_ns() // 1_000_000).items():
            before = cloud.control.health()["cpu_seconds"]
            seconds, findings = asyncio.run(measure(cloud.securityhub_url, request, arguments.pages))
            cpu = (cloud.control.health()["cpu_seconds"] - before) / len(seconds) * 1000
            ordered = sorted(it * 1000 for it in seconds)
            p99 = ordered[int(len(ordered) * 0.99) if len(ordered) > 1 else 0]
            line = (
                f"{cpu:>8.2f}{statistics.median(ordered):>8.2f}{p99:>8.2f}{ordered[-1]:>8.2f}{findings:>10,}"
            )
            print(f"{name:26}{len(seconds):>7}{line}")
        print(f"resident memory at its peak: {cloud.control.health()['peak_mib']:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
