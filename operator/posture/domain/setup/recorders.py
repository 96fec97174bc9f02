"""Whether AWS Config records what controls need, as far as the findings of Config.1 tell.

Sources: Security Hub user guide, "Security Hub CSPM controls for AWS Config" (Config.1), and "Enabling AWS
Config" for what is not checked without it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from posture.domain.findings import Cell, Check, Compliance, Workflow
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.setup.facts import HubSetup
from posture.domain.setup.results import SetupCheck, SetupResult, listed, ok, unknown, warning
from posture.domain.standards import Controls
from posture.domain.text import counted

CONFIG_1 = "CONFIG.1"
_NAMED = 5


class Recorders(NamedTuple):
    """What findings of Config.1 say of AWS Config's recorders: places (account, Region), each sorted."""

    failed: tuple[tuple[str, str], ...] = ()
    passed: int = 0
    """In how many places it passed."""


def is_recorder_check(check: Check, controls: Controls) -> bool:
    """Whether findings of a check are of Config.1."""
    return any(control == CONFIG_1 for _, control in controls.pairs_of(check))


def recorders_of(cells: Iterable[Cell], controls: Controls, accounts: AccountFilter) -> Recorders:
    """Read the findings of Config.1 of the accounts that a target may see.

    Suppressed and old ones tell nothing. A place fails where one finding does, whatever others say.
    """
    failed, passed = set[tuple[str, str]](), set[tuple[str, str]]()
    for cell in cells:
        if not is_recorder_check(cell.check, controls):
            continue
        if accounts.standing(cell.account_id) is not AccountStanding.TARGETED:
            continue
        told = {
            each.compliance for each in cell.counts if each.fresh and each.workflow is not Workflow.SUPPRESSED
        }
        place = cell.account_id, cell.region
        if Compliance.FAILED in told:
            failed.add(place)
        elif Compliance.PASSED in told:
            passed.add(place)
    return Recorders(tuple(sorted(failed)), len(passed - failed))


def judge_recorders(setup: HubSetup, recorders: Recorders | None) -> SetupResult:
    """Tell where AWS Config does not record as Security Hub needs it, by findings of Config.1.

    None: not known. Where Security Hub V2 is on, Config.1 always passes (user guide): passing says nothing
    then.
    """
    check = SetupCheck.CONFIG_RECORDER
    if recorders is None:
        return unknown(check, "findings of Config.1 are not known yet")
    if recorders.failed:
        named = [f"{account}/{region}" for account, region in recorders.failed[:_NAMED]]
        return warning(
            check,
            f"Config.1 fails in {counted(len(recorders.failed), 'place', 'places')}:"
            f" {listed(named, len(recorders.failed))}: most controls have no results there",
            "turn on the recorder of AWS Config there, for all resource types that controls need",
        )
    if not recorders.passed:
        return unknown(
            check,
            "there is no finding of Config.1: its control or standard is off",
            "look at AWS Config's recorders, or turn Config.1 on",
        )
    if setup.second_version is False:
        return ok(check, "Config.1 passes wherever it is checked: AWS Config records")
    if setup.second_version:
        return unknown(
            check,
            "Security Hub V2 is on, and there Config.1 always passes: it says nothing of AWS Config",
            "look at AWS Config's recorders themselves",
        )
    return unknown(
        check,
        "Config.1 passes, which says nothing where Security Hub V2 is on, and that is not known",
        "allow securityhub:DescribeSecurityHubV2",
    )
