"""How a Security Hub is set up, judged by AWS's answers. Pure: an answer, or the refusal, and what it means.

Shapes of answers: botocore's parsing of the Security Hub API reference.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from posture.aws.client.errors import AccessDenied, AwsError, HubNotEnabled, RegionUnavailable, Terminal
from posture.cli.check.result import (
    Judgement,
    failed,
    needed_call_failed,
    ok,
    optional_call_failed,
    unknown,
    warning,
)
from posture.domain.arns import standard_name
from posture.domain.standards import AWS
from posture.domain.text import counted

Answer: TypeAlias = Mapping[str, Any] | AwsError
"""The body of an answer, or why there is none."""

ABSENT = "ResourceNotFoundException"
_NOT_THE_ADMINISTRATOR = "InvalidAccessException"
_EVERY = "*"
_ADMINISTERS = frozenset({"enabled", "associated"})


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


def judge_administrator(administrator: Answer, members: Collection[str] | AwsError) -> Judgement:
    """Tell whose findings are seen: GetAdministratorAccount, and the accounts of ListMembers."""
    if isinstance(members, AwsError) and not is_no_administrator(members):
        return optional_call_failed(members)
    if not isinstance(members, AwsError) and members:
        return ok(f"this account administers {counted(len(members), 'other', 'others')}")
    if isinstance(administrator, AwsError):
        if administrator.code != ABSENT and not is_no_administrator(administrator):
            return optional_call_failed(administrator)
    elif _administers(found := administrator.get("Administrator") or {}):
        return warning(
            f"{found.get('AccountId')} administers this account: only its own findings are seen here",
            "point the target at the administrator's Security Hub to see the organization",
        )
    return warning(
        "this account stands alone: it administers none and none administers it",
        "make it, or another one, the delegated administrator of Security Hub to see the organization",
    )


def judge_organization(configuration: Answer) -> Judgement:
    """Tell from DescribeOrganizationConfiguration whether new accounts are seen by themselves."""
    if isinstance(configuration, AwsError):
        if isinstance(configuration, AccessDenied | HubNotEnabled):
            # AWS answers whoever is not the delegated administrator so, and IAM's refusal alike.
            return unknown(
                f"this account is not the delegated administrator, or may not ask: {configuration.message}",
                configuration.advice if isinstance(configuration, AccessDenied) else "",
            )
        return optional_call_failed(configuration)
    if configuration.get("MemberAccountLimitReached"):
        return warning(
            "as many accounts as may be are members: those that join from now on are not seen",
            "ask AWS for a higher quota",
        )
    organization = configuration.get("OrganizationConfiguration") or {}
    if organization.get("ConfigurationType") == "CENTRAL":
        if organization.get("Status") == "FAILED":
            why = organization.get("StatusMessage") or "AWS does not say why"
            return warning(
                f"central configuration could not be enabled: {why}", "repair it in Security Hub's console"
            )
        return ok("delegated administrator with central configuration: its policies decide about accounts")
    if not configuration.get("AutoEnable"):
        return warning(
            "delegated administrator; accounts that join the organization are not enabled by themselves",
            "turn on auto-enable, or central configuration",
        )
    if configuration.get("AutoEnableStandards") == "NONE":
        return warning(
            "delegated administrator; accounts that join get no standards",
            "turn on the default standards for new accounts, or use central configuration",
        )
    return ok("delegated administrator; accounts that join the organization are enabled by themselves")


def judge_auto_enable(hub: Mapping[str, Any]) -> Judgement:
    """Tell from DescribeHub whether new controls of enabled standards are turned on."""
    if hub.get("AutoEnableControls") is False:
        return warning(
            "new controls of enabled standards stay off", "turn on auto-enable controls, or look for them"
        )
    return ok("new controls of enabled standards are turned on by themselves")


def judge_consolidated(hub: Mapping[str, Any]) -> Judgement:
    """Tell from DescribeHub whether one check gives one finding."""
    generator = hub.get("ControlFindingGenerator") or ""
    if generator == "SECURITY_CONTROL":
        return ok("consolidated control findings are on")
    if not generator:
        return unknown("AWS does not say whether consolidated control findings are on")
    return warning(
        f"consolidated control findings are off ({generator}): one check gives a finding for each standard",
        "turn them on; suppressions made before that have to be made again, which policies do by themselves",
    )


def judge_aggregation(aggregator: Answer | None, region: str) -> Judgement:
    """Tell from GetFindingAggregator which Regions' findings are seen; None: there is none."""
    if isinstance(aggregator, AwsError):
        return optional_call_failed(aggregator)
    if aggregator is None or aggregator.get("RegionLinkingMode") == "NO_REGIONS":
        return warning(
            f"only findings of {region} are seen: no other Region is linked to it",
            "make a finding aggregator, or a target for each Region",
        )
    home = aggregator.get("FindingAggregationRegion")
    if home != region:
        return warning(
            f"findings are aggregated in {home}, and this target reads {region} only",
            f"set spec.aws.region: {home}",
        )
    regions = ", ".join(aggregator.get("Regions") or ()) or "all"
    linked = {
        "ALL_REGIONS": "all Regions",
        "ALL_REGIONS_EXCEPT_SPECIFIED": f"all Regions but {regions}",
        "SPECIFIED_REGIONS": regions,
    }.get(str(aggregator.get("RegionLinkingMode")), regions)
    return ok(f"{region} is the aggregation Region; linked: {linked}")


def is_v2_on(v2: Answer) -> bool | None:
    """Tell from DescribeSecurityHubV2 whether the second version is on; None: not known."""
    if isinstance(v2, AwsError):
        return False if isinstance(v2, Terminal) and v2.code == ABSENT else None
    return True


def judge_v2(v2: Answer) -> Judgement:
    """Tell whether Security Hub V2 (OCSF) is on too."""
    if isinstance(v2, AwsError) and is_v2_on(v2) is None:
        return optional_call_failed(v2)
    if is_v2_on(v2) is False:
        return ok("plain Security Hub (V2) is off: prices and findings are those of CSPM")
    return warning(
        "plain Security Hub (V2) is on too: its plan per resource replaces the price of each check",
        "suppress in CSPM or by policies: what is suppressed in V2 alone may not count in scores",
    )


def _administers(administrator: Mapping[str, Any]) -> bool:
    """Whether this is an account that administers: one that only offered to, or has ended it, does not."""
    status = str(administrator.get("MemberStatus", "Enabled")).casefold()
    return bool(administrator) and status in _ADMINISTERS


def is_no_administrator(error: AwsError) -> bool:
    """Whether this is AWS's answer to an account that administers none, and no lack of rights."""
    return error.code == _NOT_THE_ADMINISTRATOR or isinstance(error, HubNotEnabled)
