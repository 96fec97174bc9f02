"""What a set-up means for the accounts that are seen: who administers them, who joins, who is missing.

Sources: Security Hub API reference (DescribeOrganizationConfiguration, ListMembers,
ListOrganizationAdminAccounts), and its user guide, "Managing administrator and member accounts", which
recommends central configuration, and a delegated administrator other than the management account.
"""

from collections.abc import Collection, Sequence

from posture.domain.setup.facts import HubSetup, SetupPart
from posture.domain.setup.results import SetupCheck, SetupResult, listed, ok, unknown, warning
from posture.domain.text import counted

# Nobody is to do anything about these: the administrator took them out, or AWS closed them.
_RIGHTLY_APART = frozenset({"accountsuspended", "deleted"})
_NAMED = 5


def judge_administrator(setup: HubSetup) -> SetupResult:
    """Tell whose findings are seen, and whether the account that sees them is the right one for that."""
    check = SetupCheck.DELEGATED_ADMINISTRATOR
    if setup.administrator_id is not None:
        return warning(
            check,
            f"{setup.administrator_id} administers this account: only its own findings are seen here",
            "point the target at the administrator's Security Hub to see the organization",
        )
    if setup.joining is not None:
        return _delegated(setup)
    for part in (SetupPart.JOINING, SetupPart.MEMBERS, SetupPart.ADMINISTRATOR):
        if part in setup.untold:
            return untold(check, setup, part)
    if setup.administers:
        return warning(
            check,
            "this account administers others by invitation, and is not the organization's administrator",
            "make it the delegated administrator of Security Hub, so that accounts that join are seen",
        )
    return warning(
        check,
        "this account stands alone: it administers none and none administers it",
        "make it, or another one, the delegated administrator of Security Hub to see the organization",
    )


def _delegated(setup: HubSetup) -> SetupResult:
    check = SetupCheck.DELEGATED_ADMINISTRATOR
    if setup.management:
        return warning(
            check,
            "the organization's management account administers Security Hub itself",
            "make another account the delegated administrator: AWS advises against daily work in this one,"
            " and Security Hub V2 refuses it",
        )
    if setup.management is None:
        why = setup.untold.get(SetupPart.MANAGEMENT)
        return unknown(
            check,
            "this account is the organization's administrator of Security Hub; whether it is the management"
            f" account too is not known{f': {why.why}' if why else ''}",
            why.advice if why else "",
        )
    return ok(check, "this account is the delegated administrator of Security Hub for its organization")


def judge_joining(setup: HubSetup) -> list[SetupResult]:
    """Tell what becomes of accounts that join the organization, and who decides about all of them."""
    joining = setup.joining
    checks = (
        SetupCheck.AUTO_ENABLE_MEMBERS,
        SetupCheck.AUTO_ENABLE_STANDARDS,
        SetupCheck.CENTRAL_CONFIGURATION,
    )
    if joining is None:
        if SetupPart.JOINING in setup.untold:
            return [untold(check, setup, SetupPart.JOINING) for check in checks]
        return [
            unknown(check, "only the organization's delegated administrator of Security Hub is told this")
            for check in checks
        ]
    members, standards, central = checks
    policies = "central configuration is on: its policies decide about accounts that join"
    if joining.full:
        joins = warning(
            members,
            "as many accounts as may be are members: those that join from now on are not seen",
            "ask AWS for a higher quota",
        )
    elif joining.central:
        joins = ok(members, policies)
    elif not joining.members:
        joins = warning(
            members,
            "Security Hub is not enabled in accounts that join the organization",
            "turn on auto-enable, or central configuration",
        )
    else:
        joins = ok(members, "Security Hub is enabled in accounts that join the organization by itself")
    if joining.central:
        given = ok(standards, policies)
    elif not joining.standards:
        given = warning(
            standards,
            "accounts that join the organization get no standards",
            "turn on the default standards for new accounts, or use central configuration",
        )
    else:
        given = ok(standards, "accounts that join the organization get the default standards")
    return [joins, given, _central(joining.central, joining.why_failed, central)]


def _central(status: str, why_failed: str, check: SetupCheck) -> SetupResult:
    if not status:
        return warning(
            check,
            "central configuration is off: every account and Region decides by itself what is on",
            "turn it on, as AWS recommends, or compare accounts by their scores",
        )
    if status == "ENABLED":
        return ok(check, "central configuration is on: its policies decide what is on in accounts")
    if status == "FAILED":
        return warning(
            check,
            "central configuration could not be enabled and decides nothing:"
            f" {why_failed or 'AWS does not say why'}",
            "repair it in Security Hub's console",
        )
    return unknown(check, f"central configuration is being enabled ({status})")


def judge_members(
    setup: HubSetup, missing: Collection[str] = (), silent: Sequence[str] | None = ()
) -> SetupResult:
    """Tell which accounts are not seen. `setup.apart`, as all the others: accounts that may be named.

    `missing`: accounts of the organization that the hub does not know. `silent`: members without findings;
    None: that is not known yet.
    """
    check = SetupCheck.MEMBERS
    if SetupPart.MEMBERS in setup.untold:
        return untold(check, setup, SetupPart.MEMBERS)
    apart = {
        account: status for account, status in setup.apart.items() if status.casefold() not in _RIGHTLY_APART
    }
    unseen = sorted({*apart, *missing})
    if unseen:
        named = [f"{each} ({apart[each]})" if each in apart else each for each in unseen[:_NAMED]]
        return warning(
            check,
            f"{counted(len(unseen), 'account is no member', 'accounts are no members')} and not seen:"
            f" {listed(named, len(unseen))}",
            "make them members with Security Hub on, or leave them out by spec.accounts.exclude",
        )
    if silent:
        return warning(
            check,
            f"{counted(len(silent), 'account has', 'accounts have')} no finding inside the evaluation window:"
            f" {listed(sorted(silent)[:_NAMED], len(silent))}",
            "look there whether Security Hub, a standard and AWS Config are on",
        )
    if silent is None:
        return unknown(check, "which members have no findings is known with the first score")
    if setup.administers is False:
        return unknown(check, "this account administers no others, so none is listed")
    return ok(check, "all members are seen")


def untold(check: SetupCheck, setup: HubSetup, part: SetupPart) -> SetupResult:
    """Say why AWS did not answer a part."""
    why = setup.untold.get(part)
    return unknown(check, "it has not been asked yet") if why is None else unknown(check, *why)
