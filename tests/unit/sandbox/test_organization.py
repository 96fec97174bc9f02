import json
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from statistics import median
from typing import Any

import pytest

from sandbox.organization import Organization
from sandbox.securityhub.catalogue import control_of_id

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def findings() -> list[dict[str, Any]]:
    return [json.loads(finding) for finding in Organization(now=NOW).findings()]


def test_the_same_parameters_give_the_same_bytes() -> None:
    once, again = (b"".join(islice(Organization(now=NOW).findings(), 2000)) for _ in range(2))
    assert once == again
    assert once != b"".join(islice(Organization(now=NOW, seed_number=2).findings(), 2000))


def test_a_finding_has_an_identity_of_its_own(findings: list[dict[str, Any]]) -> None:
    assert len({(f["ProductArn"], f["Id"]) for f in findings}) == len(findings)


def test_accounts_are_named_by_the_scheme_or_are_the_platforms() -> None:
    accounts = Organization(account_count=60).accounts()
    matching = [a for a in accounts if re.fullmatch(r"xebia-(?P<workload>.+)-(?P<environment>[^-]+)", a.name)]
    assert len(matching) == 55
    assert len({a.id for a in accounts}) == len({a.name for a in accounts}) == 60
    assert all(re.fullmatch(r"\d{12}", a.id) for a in accounts)


def test_it_is_as_untidy_as_a_real_one(findings: list[dict[str, Any]]) -> None:
    own = [f for f in findings if f["ProductArn"].endswith("::product/aws/securityhub")]
    generators = Counter(f["GeneratorId"].split("/")[0] for f in own)
    assert generators["security-control"] > 1000, "consolidated"
    assert generators["cis-aws-foundations-benchmark"] > 10, "classic"
    assert generators["arn:aws:securityhub:::ruleset"] > 10, "classic, CIS 1.2.0"
    assert {f["Compliance"]["Status"] for f in own} == {"PASSED", "FAILED", "WARNING", "NOT_AVAILABLE"}
    assert {f["Workflow"]["Status"] for f in own} == {"NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"}
    assert {f["RecordState"] for f in own} == {"ACTIVE", "ARCHIVED"}
    assert any("Compliance" not in f for f in findings), "other products"
    assert any(f["GeneratorId"].startswith("security-control") for f in findings if f not in own), "forged"
    odd = [f["GeneratorId"].removeprefix("security-control/") for f in own]
    assert any(control_of_id(name) and name != control_of_id(name).id for name in odd), "odd casing"  # type: ignore[union-attr]
    assert any("SecurityControlId" not in f["Compliance"] for f in own), "untied"
    assert max(len(f["Resources"]) for f in findings) == 32
    assert not all(json.dumps(f).isascii() and f["Resources"][0]["Id"].isascii() for f in findings)


def test_findings_have_the_size_of_real_ones() -> None:
    sizes = sorted(map(len, Organization(now=NOW).findings()))
    assert 2600 <= median(sizes) <= 3600
    assert sizes[len(sizes) // 50] > 2200
    assert sizes[-len(sizes) // 50] < 5200


def test_controls_that_are_off_have_no_findings_in_that_standard(findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        compliance = finding.get("Compliance", {})
        if compliance.get("SecurityControlId") == "S3.11" and "AssociatedStandards" in compliance:
            standards = {entry["StandardsId"] for entry in compliance["AssociatedStandards"]}
            assert "standards/aws-foundational-security-best-practices/v/1.0.0" not in standards


def test_a_size_can_be_asked_for() -> None:
    assert sum(1 for _ in Organization.of_size(20_000).findings(20_000)) == 20_000
