"""What a set-up means: part by part, and that what AWS did not say is never passed off as known."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.setup.accounts import judge_members
from posture.domain.setup.facts import HubSetup, Joining, Linking, SetupPart, Untold
from posture.domain.setup.judgements import judge_hub_off, judge_hub_setup
from posture.domain.setup.recorders import Recorders, judge_recorders
from posture.domain.setup.results import SetupCheck, SetupResult, SetupStanding

HOME, ACCOUNT, OTHER = "eu-west-1", "111122223333", "444455556666"
GOOD = HubSetup(
    auto_enable_controls=True,
    administers=True,
    management=False,
    joining=Joining(members=True, standards=True, central="ENABLED"),
    linking=Linking(HOME, "ALL_REGIONS"),
    second_version=False,
)
LOCAL = Joining(members=True, standards=True)
PASSING = Recorders(passed=3)
DENIED = Untold(
    "not permitted: securityhub:Anything: AccessDeniedException: no", "Allow securityhub:Anything"
)
# By part, the checks that say nothing where that part was not told.
RESTS_ON = {
    SetupPart.MEMBERS: {SetupCheck.MEMBERS},
    SetupPart.JOINING: {
        SetupCheck.AUTO_ENABLE_MEMBERS,
        SetupCheck.AUTO_ENABLE_STANDARDS,
        SetupCheck.CENTRAL_CONFIGURATION,
        SetupCheck.DELEGATED_ADMINISTRATOR,
    },
    SetupPart.MANAGEMENT: {SetupCheck.DELEGATED_ADMINISTRATOR},
    SetupPart.LINKING: {SetupCheck.AGGREGATION},
    SetupPart.SECOND_VERSION: {SetupCheck.SECURITY_HUB_V2, SetupCheck.CONFIG_RECORDER},
}
LOST: dict[SetupPart, dict[str, Any]] = {
    SetupPart.MEMBERS: {"apart": {}},
    SetupPart.JOINING: {"joining": None},
    SetupPart.MANAGEMENT: {"management": None},
    SetupPart.LINKING: {"linking": None},
    SetupPart.SECOND_VERSION: {"second_version": None},
}


def judged(
    setup: HubSetup,
    recorders: Recorders | None = PASSING,
    finding_format: str = "SECURITY_CONTROL",
) -> dict[SetupCheck, SetupResult]:
    found = [
        *judge_hub_setup(setup, ACCOUNT, HOME, finding_format),
        judge_members(setup),
        judge_recorders(setup, recorders),
    ]
    results = {each.check: each for each in found}
    assert len(results) == len(found) == len(SetupCheck), "each part is told once"
    return results


def standing(setup: HubSetup, check: SetupCheck) -> str:
    return judged(setup)[check].standing.value


def test_where_all_is_as_it_should_be_nothing_is_to_be_done() -> None:
    found = judged(GOOD)
    assert {each.standing for each in found.values()} == {SetupStanding.OK}
    assert {each.advice for each in found.values()} == {""}
    assert {each.good for each in found.values()} == {True}


@pytest.mark.parametrize(
    ("check", "changes", "says"),
    [
        (SetupCheck.DELEGATED_ADMINISTRATOR, {"management": True}, "management account"),
        (
            SetupCheck.DELEGATED_ADMINISTRATOR,
            {"joining": None, "administrator_id": OTHER, "administers": False},
            f"{OTHER} administers this account",
        ),
        (SetupCheck.DELEGATED_ADMINISTRATOR, {"joining": None}, "by invitation"),
        (SetupCheck.DELEGATED_ADMINISTRATOR, {"joining": None, "administers": False}, "stands alone"),
        (SetupCheck.AGGREGATION, {"linking": None}, "only findings of eu-west-1"),
        (SetupCheck.AGGREGATION, {"linking": Linking(HOME, "NO_REGIONS")}, "only findings of eu-west-1"),
        (SetupCheck.AGGREGATION, {"linking": Linking("us-east-1", "ALL_REGIONS")}, "in us-east-1"),
        (SetupCheck.AUTO_ENABLE_MEMBERS, {"joining": LOCAL._replace(members=False)}, "not enabled"),
        (SetupCheck.AUTO_ENABLE_MEMBERS, {"joining": LOCAL._replace(full=True)}, "as many accounts"),
        (SetupCheck.AUTO_ENABLE_STANDARDS, {"joining": LOCAL._replace(standards=False)}, "no standards"),
        (SetupCheck.CENTRAL_CONFIGURATION, {"joining": LOCAL}, "is off"),
        (
            SetupCheck.CENTRAL_CONFIGURATION,
            {"joining": LOCAL._replace(central="FAILED", why_failed="too many")},
            "too many",
        ),
        (SetupCheck.AUTO_ENABLE_CONTROLS, {"auto_enable_controls": False}, "stay off"),
        (SetupCheck.SECURITY_HUB_V2, {"second_version": True}, "is on too"),
        (SetupCheck.MEMBERS, {"apart": {OTHER: "Removed"}}, f"{OTHER} (Removed)"),
    ],
)
def test_what_is_not_perfect_is_told_with_what_to_do(
    check: SetupCheck, changes: Mapping[str, Any], says: str
) -> None:
    result = judged(GOOD._replace(**changes))[check]
    assert result.standing is SetupStanding.WARNING
    assert says in result.message
    assert result.advice
    assert result.good is False
    assert result.text == f"{result.message[0].upper()}{result.message[1:]}. {_sentence(result.advice)}"


def _sentence(advice: str) -> str:
    return f"{advice[0].upper()}{advice[1:].rstrip('.')}."


@pytest.mark.parametrize(
    ("mode", "regions", "says"),
    [
        ("ALL_REGIONS", (), "linked: all Regions, and those that come"),
        ("ALL_REGIONS_EXCEPT_SPECIFIED", ("us-east-1", "us-west-2"), "all Regions but us-east-1, us-west-2"),
        ("SPECIFIED_REGIONS", ("us-east-1",), "linked: us-east-1, and no others"),
        ("OF_TOMORROW", (), "linked: all Regions"),
    ],
)
def test_which_regions_are_linked_is_said(mode: str, regions: tuple[str, ...], says: str) -> None:
    result = judged(GOOD._replace(linking=Linking(HOME, mode, regions)))[SetupCheck.AGGREGATION]
    assert result.standing is SetupStanding.OK
    assert says in result.message


def test_under_central_configuration_nobody_is_sent_to_auto_enable() -> None:
    """AWS sets both to off there, whatever its policies do."""
    central = GOOD._replace(joining=Joining(members=False, standards=False, central="ENABLED"))
    assert standing(central, SetupCheck.AUTO_ENABLE_MEMBERS) == "Ok"
    assert standing(central, SetupCheck.AUTO_ENABLE_STANDARDS) == "Ok"
    pending = GOOD._replace(joining=Joining(members=False, standards=False, central="PENDING"))
    assert standing(pending, SetupCheck.CENTRAL_CONFIGURATION) == "Unknown"


@pytest.mark.parametrize(("generator", "expected"), [("", "Unknown"), ("STANDARD_CONTROL", "Warning")])
def test_one_check_gives_one_finding_or_not(generator: str, expected: str) -> None:
    result = judged(GOOD, finding_format=generator)[SetupCheck.CONSOLIDATED_FINDINGS]
    assert result.standing.value == expected


def test_accounts_that_are_rightly_apart_are_no_trouble() -> None:
    apart = {OTHER: "Deleted", "555566667777": "AccountSuspended"}
    assert standing(GOOD._replace(apart=apart), SetupCheck.MEMBERS) == "Ok"


def test_accounts_that_are_not_seen_are_named_some_of_them() -> None:
    setup = GOOD._replace(apart={f"{n:012}": "Created" for n in range(7)})
    message = judge_members(setup, missing=[OTHER]).message
    assert message.startswith("8 accounts are no members and not seen: 000000000000 (Created)")
    assert message.endswith("…")
    assert OTHER not in message, "the sixth and later ones are left out"
    assert judge_members(GOOD, missing=[OTHER]).message.endswith(f"not seen: {OTHER}")
    silent = judge_members(GOOD, silent=[OTHER])
    assert (silent.standing.value, OTHER in silent.message) == ("Warning", True)
    alone = GOOD._replace(administers=False, joining=None)
    assert judge_members(alone).standing is SetupStanding.UNKNOWN


@pytest.mark.parametrize(
    ("recorders", "v2", "expected", "says"),
    [
        (Recorders(passed=2), False, "Ok", "records"),
        (Recorders(passed=2), True, "Unknown", "always passes"),
        (Recorders(passed=2), None, "Unknown", "DescribeSecurityHubV2"),
        (Recorders(), False, "Unknown", "no finding of Config.1"),
        (None, False, "Unknown", "not known yet"),
        (Recorders(((ACCOUNT, HOME),), 5), False, "Warning", f"1 place: {ACCOUNT}/{HOME}"),
        # One that fails was checked, whatever V2 does elsewhere.
        (Recorders(((ACCOUNT, HOME),), 5), True, "Warning", "Turn on the recorder"),
        (Recorders(((ACCOUNT, HOME),), 5), None, "Warning", "Turn on the recorder"),
    ],
)
def test_recorders(recorders: Recorders | None, *, v2: bool | None, expected: str, says: str) -> None:
    result = judge_recorders(GOOD._replace(second_version=v2), recorders)
    assert result.standing.value == expected
    assert says in result.text


def test_a_hub_that_is_off_leaves_the_rest_unknown() -> None:
    first, *rest = judge_hub_off("not subscribed", "Enable it")
    assert (first.check, first.standing, first.good) == (SetupCheck.HUB, SetupStanding.FAILED, False)
    assert {each.check for each in (first, *rest)} == set(SetupCheck)
    assert {each.good for each in rest} == {None}


def test_without_any_answer_everything_but_the_hub_itself_is_unknown() -> None:
    nothing = HubSetup(untold=dict.fromkeys(SetupPart, DENIED))
    found = judged(nothing, None, "")
    assert found.pop(SetupCheck.HUB).standing is SetupStanding.OK
    assert {each.standing for each in found.values()} == {SetupStanding.UNKNOWN}


setups = st.builds(
    HubSetup,
    auto_enable_controls=st.sampled_from([None, True, False]),
    administers=st.sampled_from([None, True, False]),
    administrator_id=st.none(),
    management=st.booleans(),
    joining=st.builds(
        Joining,
        members=st.booleans(),
        standards=st.booleans(),
        central=st.sampled_from(["", "PENDING", "ENABLED", "FAILED"]),
        why_failed=st.sampled_from(["", "why"]),
        full=st.booleans(),
    ),
    linking=st.builds(
        Linking,
        st.sampled_from([HOME, "us-east-1"]),
        st.sampled_from(["ALL_REGIONS", "SPECIFIED_REGIONS", "NO_REGIONS", ""]),
        st.lists(st.sampled_from(["us-east-1", "us-west-2"])).map(tuple),
    ),
    second_version=st.booleans(),
    apart=st.dictionaries(st.sampled_from([OTHER, "555566667777"]), st.sampled_from(["Removed", "Deleted"])),
)


@given(setups, st.sets(st.sampled_from(sorted(RESTS_ON))), st.integers(0, 3))
def test_what_was_not_told_is_never_judged(setup: HubSetup, parts: set[SetupPart], passed: int) -> None:
    """Whatever else is known: a part without an answer is unknown, and all others are as they were."""
    before = judged(setup, Recorders(passed=passed))
    lost = setup._replace(untold=dict.fromkeys(parts, DENIED))
    for part in parts:
        lost = lost._replace(**LOST[part])
    after = judged(lost, Recorders(passed=passed))
    hidden = {check for part in parts for check in RESTS_ON[part]}
    if setup.management and SetupPart.JOINING not in parts and SetupPart.MANAGEMENT not in parts:
        hidden -= {SetupCheck.DELEGATED_ADMINISTRATOR}
    for check in SetupCheck:
        if check in hidden:
            assert after[check].good is None, check
        else:
            assert after[check] == before[check]
        assert after[check].advice or after[check].standing in {SetupStanding.OK, SetupStanding.UNKNOWN}
        assert after[check].text.endswith(".")
