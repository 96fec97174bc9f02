"""How facts about AWS Config and Security Hub V2 are judged."""

import re
from pathlib import Path
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied
from posture.cli.check.facts import BEYOND_READING
from posture.cli.check.facts_elsewhere import (
    Suppressions,
    id_of,
    is_suppressed,
    judge_rule_names,
    judge_sources,
    judge_suppressions,
)
from posture.cli.check.hub import FACT_CHECKS
from posture.cli.check.result import CheckStatus, Judgement

DENIED = AccessDenied(
    "no", service="config", operation="Any", code="AccessDeniedException", advice="allow it"
)
WORDS = {"confirmed": CheckStatus.OK, "refuted": CheckStatus.WARNING}


def word(verdict: Judgement) -> str:
    first = verdict.message.partition(":")[0]
    found = first if first in WORDS else "unknown"
    assert verdict.status is WORDS.get(found, CheckStatus.UNKNOWN)
    assert verdict.advice or found == "confirmed", "what is not known is told with how to find out"
    return found


def source(kind: str, status: str = "SUCCEEDED") -> dict[str, str]:
    return {"SourceType": kind, "LastUpdateStatus": status, "SourceId": "x", "AwsRegion": "eu-west-1"}


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([source("ORGANIZATION"), source("ACCOUNT")], "confirmed"),
        ([source("ORGANIZATION"), source("ACCOUNT", "FAILED")], "confirmed"),
        ([source("ORGANIZATION", "FAILED")], "refuted"),
        ([source("ORGANIZATION", "OUTDATED")], "refuted"),
        ([source("ORGANIZATION")], "unknown"),
        ([], "unknown"),
        (None, "unknown"),
        (DENIED, "unknown"),
    ],
)
def test_sources_of_an_organization_are_told_one_by_one(sources: Any, expected: str) -> None:
    assert word(judge_sources(sources)) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["OrgConfigRule-a-b-1a2b3c4d", "other"], "confirmed"),
        (["OrgConfigRule-a-1a2b3c4d", "OrgConfigRule-a-1a2b3c4d5"], "refuted"),
        (["OrgConfigRule-1a2b3c4d"], "refuted"),
        (["OrgConfigRule-a-1A2B3C4D"], "refuted"),
        (["my-rule", "securityhub-x-1a2b3c4d"], "unknown"),
        (None, "unknown"),
        (DENIED, "unknown"),
    ],
)
def test_names_of_rules_of_an_organization(names: Any, expected: str) -> None:
    assert word(judge_rule_names(names)) == expected


@pytest.mark.parametrize(
    ("of_v2", "of_cspm", "expected", "says"),
    [
        ({"a": True}, {"b": True}, "confirmed", "2 findings"),
        ({"a": True, "b": False}, {"c": True}, "refuted", "CSPM alone, such as b"),
        ({"a": True}, {"c": False}, "refuted", "V2 alone, such as c"),
        ({"a": False}, {"c": False}, "refuted", "in CSPM alone, such as a and in V2 alone, such as c"),
        ({"a": True}, {}, "unknown", "suppressed in V2"),
        ({}, {"a": True}, "unknown", "suppressed in CSPM"),
        ({}, {"a": False}, "refuted", "V2 alone, such as a"),
        ({}, {}, "unknown", "suppressed in CSPM"),
    ],
)
def test_suppressions_show_in_both(
    of_v2: dict[str, bool], of_cspm: dict[str, bool], expected: str, says: str
) -> None:
    verdict = judge_suppressions(v2_on=True, found=Suppressions(of_v2, of_cspm))
    assert word(verdict) == expected
    assert says in verdict.message


def test_without_the_second_version_it_does_not_arise() -> None:
    assert "does not arise" in judge_suppressions(v2_on=False, found=None).message
    for v2_on, found in ((None, None), (True, None), (True, DENIED)):
        assert judge_suppressions(v2_on=v2_on, found=found).status is CheckStatus.UNKNOWN


@pytest.mark.parametrize(
    ("document", "suppressed", "uid"),
    [
        ({"status_id": 3, "finding_info": {"uid": "a"}}, True, "a"),
        ({"status": "Suppressed"}, True, ""),
        ({"status": "New", "status_id": 1, "finding_info": None}, False, ""),
    ],
)
def test_findings_of_the_second_version_are_read(
    document: dict[str, Any], *, suppressed: bool, uid: str
) -> None:
    assert (is_suppressed(document), id_of(document)) == (suppressed, uid)


def test_what_no_call_tells_is_told_with_how_to_find_out() -> None:
    assert all(each.advice.startswith("to find out: ") for each in BEYOND_READING.values())
    assert {each.status for each in BEYOND_READING.values()} == {CheckStatus.UNKNOWN}


def test_every_fact_is_in_the_documentation_and_no_other() -> None:
    page = (Path(__file__).parents[4] / "docs" / "facts.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE) == [
        each.removeprefix("fact/") for each in FACT_CHECKS
    ]
