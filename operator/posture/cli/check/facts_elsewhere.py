"""Facts about AWS Config and Security Hub V2 that no documentation settles, judged by their answers. Pure.

As in `facts.py`, each is confirmed, refuted or unknown; the product is right either way.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from posture.aws.client.errors import AwsError
from posture.cli.check.facts import fact_confirmed, refuted
from posture.cli.check.result import Judgement, optional_call_failed, unknown
from posture.domain.text import counted

_RULE_OF_ORGANIZATION = "OrgConfigRule-"
_SUFFIXED = re.compile(r"OrgConfigRule-.+-[a-z0-9]{8}")
_SUPPRESSED = 3
"""`status_id` of OCSF."""


class Suppressions(NamedTuple):
    """Findings that are suppressed in one of CSPM and V2, by Id: whether they are so in the other.

    `of_v2`: as V2 shows those that are suppressed in CSPM. `of_cspm`: the other way round.
    """

    of_v2: Mapping[str, bool]
    of_cspm: Mapping[str, bool]


def judge_sources(sources: Sequence[Mapping[str, Any]] | AwsError | None) -> Judgement:
    """Judge whether an organization's aggregator tells of each account; None: there is no such aggregator.

    `sources`: AggregatedSourceStatusList of DescribeConfigurationAggregatorSourcesStatus.
    """
    if sources is None:
        return unknown(
            "no aggregator of AWS Config collects an organization in this account and Region",
            "run this with a target in the account and Region of one, or make one",
        )
    if isinstance(sources, AwsError):
        return optional_call_failed(sources)
    says = "an aggregator of an organization tells of accounts that fail one by one"
    failing = [each for each in sources if each.get("LastUpdateStatus") != "SUCCEEDED"]
    if any(each.get("SourceType") == "ACCOUNT" for each in sources):
        return fact_confirmed(says)
    if failing:
        return refuted(f"{says}: of {counted(len(failing), 'source', 'sources')} none names an account")
    return unknown(
        f"whether {says} shows only while one fails: {counted(len(sources), 'source', 'sources')} succeeded",
        "run this again while the recorder of a member is off",
    )


def judge_rule_names(names: Sequence[str] | AwsError | None) -> Judgement:
    """Judge how rules of an organization are called, by names of rules in its accounts; None: not asked."""
    if names is None:
        return unknown(
            "no aggregator of AWS Config shows names of rules",
            "run this with a target in the account and Region of one",
        )
    if isinstance(names, AwsError):
        return optional_call_failed(names)
    says = "rules of an organization are called OrgConfigRule-<name>-<8 characters>"
    found = [each for each in names if each.startswith(_RULE_OF_ORGANIZATION)]
    if not found:
        return unknown(
            "no rule of an organization is among those that the aggregator shows",
            "deploy one by PutOrganizationConfigRule, and run this again",
        )
    odd = [each for each in found if not _SUFFIXED.fullmatch(each)]
    return refuted(f"{says}: one is {odd[0]}") if odd else fact_confirmed(says)


def judge_suppressions(*, v2_on: bool | None, found: Suppressions | AwsError | None) -> Judgement:
    """Judge whether suppressions show in both Security Hubs, by findings that are so in one of them."""
    if v2_on is False:
        return unknown("whether a suppression in V2 shows in CSPM does not arise: Security Hub V2 is off")
    if v2_on is None or found is None:
        return unknown(
            "whether a suppression in V2 shows in CSPM: whether Security Hub V2 is on is not known",
            "allow securityhub:DescribeSecurityHubV2",
        )
    if isinstance(found, AwsError):
        return optional_call_failed(found)
    says = "a suppression in CSPM shows in V2, and the other way round"
    lacking = [
        f"{where} alone, such as {next(each for each, shows in seen.items() if not shows)}"
        for where, seen in (("CSPM", found.of_v2), ("V2", found.of_cspm))
        if not all(seen.values())
    ]
    if lacking:
        return refuted(f"{says}: findings are suppressed in {' and in '.join(lacking)}")
    if not found.of_v2 or not found.of_cspm:
        missing = "V2" if found.of_v2 else "CSPM"
        return unknown(
            f"no finding is suppressed in {missing}, so that it would show in both",
            f"suppress one in {missing} alone, and run this again after some minutes",
        )
    both = counted(len({*found.of_v2, *found.of_cspm}), "finding", "findings")
    return fact_confirmed(f"{says} ({both} looked at; a tool that writes to both looks alike)")


def is_suppressed(document: Mapping[str, Any]) -> bool:
    """Whether a finding of V2 (OCSF) is suppressed."""
    return document.get("status_id") == _SUPPRESSED or document.get("status") == "Suppressed"


def id_of(document: Mapping[str, Any]) -> str:
    """Return the Id that a finding of V2 has in CSPM."""
    return str((document.get("finding_info") or {}).get("uid") or "")
