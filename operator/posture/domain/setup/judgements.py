"""What a set-up means for what can be seen in a hub, part by part, and what to do.

Sources: Security Hub API reference (DescribeHub, GetFindingAggregator, DescribeSecurityHubV2).
"""

from posture.domain.setup.accounts import judge_administrator, judge_joining, untold
from posture.domain.setup.facts import HubSetup, SetupPart
from posture.domain.setup.results import (
    SetupCheck,
    SetupResult,
    SetupStanding,
    ok,
    unknown,
    warning,
)

CONSOLIDATED = "SECURITY_CONTROL"
NO_REGIONS = "NO_REGIONS"


def judge_hub_setup(setup: HubSetup, account_id: str, region: str, finding_format: str) -> list[SetupResult]:
    """Judge what a hub says of itself; `finding_format`: ControlFindingGenerator, empty where unknown."""
    return [
        ok(SetupCheck.HUB, f"Security Hub CSPM is on in {account_id}, {region}"),
        judge_administrator(setup),
        judge_aggregation(setup, region),
        *judge_joining(setup),
        _auto_enable_controls(setup.auto_enable_controls),
        judge_consolidated(finding_format),
        judge_second_version(setup),
    ]


def judge_hub_off(message: str, advice: str) -> list[SetupResult]:
    """Say of every part that Security Hub CSPM is off; `message`: AWS's words."""
    off = SetupResult(SetupCheck.HUB, SetupStanding.FAILED, f"Security Hub CSPM is off: {message}", advice)
    rest = [each for each in SetupCheck if each is not SetupCheck.HUB]
    return [off, *(unknown(each, "not told: Security Hub CSPM is off") for each in rest)]


def judge_aggregation(setup: HubSetup, region: str) -> SetupResult:
    """Tell which Regions' findings are seen."""
    check, linking = SetupCheck.AGGREGATION, setup.linking
    if SetupPart.LINKING in setup.untold:
        return untold(check, setup, SetupPart.LINKING)
    if linking is None or linking.mode == NO_REGIONS:
        return warning(
            check,
            f"only findings of {region} are seen: no other Region is linked to it",
            "make a finding aggregator, or a target for each Region",
        )
    if linking.home != region:
        return warning(
            check,
            f"findings are aggregated in {linking.home}, and this target reads {region} only",
            f"set spec.aws.region: {linking.home}",
        )
    named = ", ".join(linking.regions)
    linked = {
        "ALL_REGIONS": "all Regions, and those that come",
        "ALL_REGIONS_EXCEPT_SPECIFIED": f"all Regions but {named}",
        "SPECIFIED_REGIONS": f"{named}, and no others",
    }.get(linking.mode, named or "all Regions")
    return ok(check, f"{region} is the aggregation Region; linked: {linked}")


def _auto_enable_controls(on: bool | None) -> SetupResult:  # noqa: FBT001 - three-valued
    check = SetupCheck.AUTO_ENABLE_CONTROLS
    if on is None:
        return unknown(check, "AWS does not say whether new controls are turned on by themselves")
    if on:
        return ok(check, "new controls of enabled standards are turned on by themselves")
    return warning(
        check, "new controls of enabled standards stay off", "turn on auto-enable controls, or look for them"
    )


def judge_consolidated(finding_format: str) -> SetupResult:
    """Tell whether one check gives one finding."""
    check = SetupCheck.CONSOLIDATED_FINDINGS
    if finding_format == CONSOLIDATED:
        return ok(check, "consolidated control findings are on")
    if not finding_format:
        return unknown(check, "AWS does not say whether consolidated control findings are on")
    return warning(
        check,
        f"consolidated control findings are off ({finding_format}): one check gives a finding for each"
        " standard",
        "turn them on; suppressions made before that have to be made again, which policies do by themselves",
    )


def judge_second_version(setup: HubSetup) -> SetupResult:
    """Tell whether Security Hub V2 (OCSF) is on too."""
    check = SetupCheck.SECURITY_HUB_V2
    if setup.second_version is None:
        return untold(check, setup, SetupPart.SECOND_VERSION)
    if not setup.second_version:
        return ok(check, "plain Security Hub (V2) is off: prices and findings are those of CSPM")
    return warning(
        check,
        "plain Security Hub (V2) is on too: its plan per resource replaces the price of each check, and the"
        " control Config.1 always passes",
        "suppress in CSPM or by policies: what is suppressed in V2 alone may not count in scores",
    )
