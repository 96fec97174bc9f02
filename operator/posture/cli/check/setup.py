"""What a target needs of its Security Hub, judged by AWS's answers: an answer, or the refusal. Pure.

How the hub is set up is judged by `domain/setup`, for this command and for the operator alike.

Shapes of answers: botocore's parsing of the Security Hub API reference.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from posture.aws.client.errors import AccessDenied, AwsError, HubNotEnabled, RegionUnavailable
from posture.cli.check.result import (
    CheckStatus,
    Judgement,
    failed,
    needed_call_failed,
    ok,
    optional_call_failed,
    unknown,
    warning,
)
from posture.domain.arns import standard_name
from posture.domain.setup.results import SetupCheck, SetupResult, SetupStanding
from posture.domain.standards import AWS

Answer: TypeAlias = Mapping[str, Any] | AwsError
"""The body of an answer, or why there is none."""

_EVERY = "*"


def judge_region(hub: Answer, region: str) -> Judgement:
    """Tell from DescribeHub whether a Region may be used: an opt-in Region has to be enabled."""
    if isinstance(hub, RegionUnavailable):
        return needed_call_failed(hub)
    if isinstance(hub, HubNotEnabled) or not isinstance(hub, AwsError):
        return ok(f"{region} answers this account")
    if isinstance(hub, AccessDenied):
        return ok(f"{region} answers this account, with a refusal")
    return unknown(f"Security Hub in {region} gave no answer")


def judge_hub(hub: Answer, account_id: str, region: str) -> Judgement:
    """Tell from DescribeHub whether Security Hub CSPM is on."""
    if isinstance(hub, RegionUnavailable):
        return unknown("not told: the Region cannot be used")
    if isinstance(hub, AwsError):
        return needed_call_failed(hub)
    return ok(f"Security Hub CSPM is on in {account_id}, {region}")


def judge_findings(page: Answer) -> Judgement:
    """Tell whether GetFindings answers."""
    if isinstance(page, AwsError):
        return needed_call_failed(page)
    if not page.get("Findings"):
        return warning(
            "GetFindings answers, and there is not one active finding",
            "enable a standard and AWS Config; first checks take up to a day",
        )
    return ok("GetFindings answers")


def judge_standards(enabled: Answer, wanted: Sequence[str]) -> Judgement:
    """Tell whether the standards that a target names are enabled, as GetEnabledStandards says.

    `*`: whatever AWS standards are.
    """
    if isinstance(enabled, AwsError):
        return needed_call_failed(enabled)
    status = {
        standard_name(each["StandardsArn"]): str(each.get("StandardsStatus", ""))
        for each in enabled["StandardsSubscriptions"]
        if each.get("StandardsStatus") != "DELETING" and (each.get("Provider") or AWS) == AWS
    }
    asked = sorted(status) if _EVERY in wanted else list(wanted)
    if not asked:
        return failed("no standard is enabled", "enable one in Security Hub: there is nothing to score")
    if missing := [each for each in asked if each not in status]:
        advice = "enable it in Security Hub, or take it out of spec.source.securityStandards"
        return failed(f"not enabled: {', '.join(missing)}", advice)
    if unready := [f"{each} is {status[each]}" for each in asked if status[each] != "READY"]:
        advice = "wait until it is READY; INCOMPLETE stays: Security Hub's console says what it lacks"
        return warning(", ".join(unready), advice)
    return ok(f"enabled: {', '.join(asked)}")


def judge_controls(definitions: Answer, associations: Answer) -> Judgement:
    """Tell whether it can be read which controls a standard has, and which of them are on."""
    for answer, cost in (
        (definitions, "controls are known by their findings only"),
        (associations, "which controls are turned off is not known"),
    ):
        if isinstance(answer, AwsError):
            status, message, advice = optional_call_failed(answer)
            return Judgement(status, f"{message}; {cost}", advice)
    return ok("the controls of standards, and which are on, can be read")


_STATUSES = {
    SetupStanding.OK: CheckStatus.OK,
    SetupStanding.WARNING: CheckStatus.WARNING,
    SetupStanding.FAILED: CheckStatus.FAILED,
    SetupStanding.UNKNOWN: CheckStatus.UNKNOWN,
}
_OF_FINDINGS = frozenset({SetupCheck.MEMBERS, SetupCheck.CONFIG_RECORDER})
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def check_name(check: SetupCheck) -> str:
    """Return a part of the set-up (`ConfigRecorder`) as this command names it (`config-recorder`)."""
    return _WORDS.sub("-", check.value).lower()


def judgement_of_setup(result: SetupResult) -> Judgement:
    """Return what was found of a part of the set-up as this command tells it."""
    return Judgement(_STATUSES[result.standing], result.message, result.advice)


def judge_told(status: object, found: Mapping[SetupCheck, SetupResult]) -> Judgement:
    """Compare what the operator says in `status.organization` with what was found just now.

    What the one or the other could not tell is no difference; of members and recorders the operator knows
    more, by the findings that it has and the accounts that the target may see.
    """
    if not found:
        return unknown("not asked: how the hub is set up is not known")
    entries = status.get("organization") if isinstance(status, Mapping) else None
    listed = entries if isinstance(entries, list) else ()
    told = {str(each.get("check")): str(each.get("status")) for each in listed if isinstance(each, Mapping)}
    if not told:
        return unknown(
            "the operator has told nothing of the set-up yet in status.organization",
            "see that it runs, and that the condition Ready of the target is True",
        )
    differ = [
        f"{check.value} ({told[check.value]}, now {result.standing.value})"
        for check, result in found.items()
        if check.value in told
        and check not in _OF_FINDINGS
        and SetupStanding.UNKNOWN.value not in {told[check.value], result.standing.value}
        and told[check.value] != result.standing.value
    ]
    if differ:
        return warning(
            f"status.organization says otherwise of {', '.join(differ)}",
            "have it read anew with `posture sync`; it is read hourly",
        )
    imperfect = sorted(
        check
        for check, standing in told.items()
        if standing in {SetupStanding.WARNING.value, SetupStanding.FAILED.value}
    )
    said = f"; not as it should be: {', '.join(imperfect)}" if imperfect else ""
    return ok(f"the operator says the same in status.organization{said}")
