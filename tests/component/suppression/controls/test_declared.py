"""Where policies of controls reach, and through which roles; and what they say of themselves."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from posture.api.conditions import find_condition
from posture.api.suppression_policy import SuppressionPolicyStatus
from posture.aws.client.errors import AccessDenied, Retryable
from posture.config.model import Config
from posture.domain.exceptions.control_switches import Association, ControlAct, ControlPolicy, Switch
from posture.domain.exceptions.finding_plan import PolicyOutcome
from posture.domain.exceptions.policy import Phase
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.domain.time import instant_of
from posture.reconcile.access import admit
from posture.reconcile.member_roles import AccountRegion, MemberRoles, Role
from posture.suppression.conditions import HubState, PolicyCase
from posture.suppression.controls.account import ControlRefusal
from posture.suppression.controls.declared import (
    Reach,
    control_policy,
    control_roles,
    exact_accounts,
    reaches,
    ungranted,
)
from posture.suppression.controls.progress import ControlsProgress
from posture.suppression.declared import Declared, declare_policy
from posture.suppression.status import policy_status

NOW = instant_of(datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
LONGEST = 400 * 24 * 3600 * 1_000_000
HUB_ROLE = "arn:aws:iam::111122223333:role/posture-reader"
ONE, TWO, THREE = "111122223333", "444455556666", "777788889999"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
NAME = "security/buckets"
PLACE = TurnedOff(FSBP, "S3.11", TWO, "eu-west-1")
ON = Association(enabled=True)


def config(**changes: Any) -> Config:
    grant = {
        "namespaces": ["security"],
        "roleArns": [HUB_ROLE],
        "externalId": "x-1",
        "accounts": ["*"],
        "verbs": ["Score", "DisableControls"],
        "disableControls": {"roleNames": ["posture-controls"]},
    }
    return Config.model_validate({"grants": [{**grant, **changes}]})


def declared(given: Config, name: str = "buckets", **changes: Any) -> Declared:
    """Declare a policy of controls, over a target that excludes the third account."""
    target = {
        "metadata": {"name": "organization", "namespace": "security", "uid": "t", "generation": 1},
        "spec": {
            "aws": {"region": "eu-west-1", "roleArn": HUB_ROLE},
            "source": {"securityStandards": {"standards": ["*"]}},
            "accounts": {"exclude": [THREE]},
            "suspend": changes.pop("target_suspended", False),
        },
    }
    controls = {"standards": ["*"], "controls": ["s3.11"], "accounts": ["*"], "regions": ["eu-west-1"]}
    controls |= changes.pop("controls", {})
    document = {
        "metadata": {
            "name": name,
            "namespace": "security",
            "uid": name,
            "generation": 2,
            "creationTimestamp": "2026-11-01T00:00:00Z",
            **changes.pop("metadata", {}),
        },
        "spec": {
            "targetRef": {"name": "organization"},
            "justification": "Notifications are made by another service",
            "approvedBy": "security@example.com",
            "expiresAt": "2027-03-31T00:00:00Z",
            "disableControls": controls,
            **changes,
        },
    }
    return declare_policy(document, {"security/organization": (target, admit(target, given))}, given, NOW)


def policy(of: Declared) -> ControlPolicy:
    found = control_policy(of, NOW, LONGEST)
    assert found is not None
    return found


def roles(given: Config, *of: Declared) -> MemberRoles:
    return control_roles(of, given, partition="aws", role_arn=HUB_ROLE)


def test_it_means_what_it_names_in_the_accounts_of_its_target() -> None:
    of = policy(declared(config()))
    assert of.phase is Phase.ENFORCING
    assert of.names(PLACE, ON)
    assert of.names(PLACE._replace(standard="any/v/1"), ON)
    assert not of.names(PLACE._replace(account_id=THREE), ON)
    assert not of.names(PLACE._replace(region="us-east-1"), ON)
    assert not of.names(PLACE._replace(control="S3.1"), ON)


def test_all_standards_are_those_of_aws_and_another_clouds_is_named() -> None:
    given, azure = config(), "azure-best-practices/v/1.0.0"
    anything = policy(declared(given, controls={"standards": ["*"]}))
    named = policy(declared(given, "named", controls={"standards": [azure], "controls": ["S3.1"]}))
    there = PLACE._replace(standard=azure)
    assert not anything.names(there, ON._replace(provider="Azure"))
    assert named.names(there._replace(control="S3.1"), ON._replace(provider="Azure"))
    reach = Reach((), [anything, named], frozenset())
    wanted = reach.wanted(str, lambda _: ())
    assert wanted(azure, "Azure") == {"S3.1"}
    assert wanted(FSBP, "AWS") == {"S3.11"}


@pytest.mark.parametrize(
    ("changes", "phase"),
    [
        ({"suspend": True}, Phase.FROZEN),
        ({"mode": "DryRun"}, Phase.FROZEN),
        ({"target_suspended": True}, Phase.FROZEN),
        ({"expiresAt": "2026-11-21T00:00:00Z", "target_suspended": True}, Phase.EXPIRED),
        ({"expiresAt": "2029-11-21T00:00:00Z"}, Phase.FROZEN),
        ({"metadata": {"deletionTimestamp": "2026-11-22T05:59:00Z"}}, Phase.DELETED),
    ],
)
def test_phases(changes: dict[str, Any], phase: Phase) -> None:
    assert policy(declared(config(), **changes)).phase is phase


def test_the_role_is_that_of_the_account_with_the_grants_external_id() -> None:
    given = config()
    found = roles(given, declared(given))
    assert found.of(NAME, TWO) == Role(f"arn:aws:iam::{TWO}:role/posture-controls", "x-1")
    assert found.may_write(NAME, TWO)
    # A policy that is gone acts through the role of one of its namespace.
    assert found.of("security/gone", TWO) == found.of(NAME, TWO)
    assert found.of("storage/gone", TWO) is None


@pytest.mark.parametrize(
    "grant",
    [
        {"verbs": ["Score", "Suppress"]},
        {"verbs": ["DisableControls"]},
        {"accounts": [ONE]},
        {"disableControls": {"roleNames": ["another"]}},
        {"roleArns": ["arn:aws:iam::111122223333:role/another"]},
        {"namespaces": ["storage"]},
    ],
)
def test_without_the_grant_there_is_no_role(grant: dict[str, Any]) -> None:
    given = config(**grant)
    assert roles(given, declared(given)).of(NAME, TWO) is None


def test_it_looks_where_policies_mean_and_where_they_remember() -> None:
    given = config()
    here = declared(given, controls={"accounts": [TWO]})
    other = declared(given, "other", controls={"regions": ["us-east-1"], "controls": ["EC2.2"]})
    found = roles(given, here, other)
    policies = {each.name: policy(each) for each in (here, other)}
    remembered = PLACE._replace(account_id=ONE, control="S3.1")
    where = reaches(policies, {NAME: [remembered]}, [ONE, TWO, THREE], found)
    assert list(where) == [
        AccountRegion(ONE, "eu-west-1"),
        AccountRegion(ONE, "us-east-1"),
        AccountRegion(TWO, "eu-west-1"),
        AccountRegion(TWO, "us-east-1"),
    ]

    def wanted(spot: AccountRegion) -> frozenset[str]:
        return where[spot].wanted(str, lambda _: ["IAM.1"])(FSBP, "AWS")

    assert wanted(AccountRegion(ONE, "eu-west-1")) == {"S3.1", "IAM.1"}
    assert wanted(AccountRegion(TWO, "eu-west-1")) == {"S3.11", "IAM.1"}
    assert wanted(AccountRegion(TWO, "us-east-1")) == {"EC2.2", "IAM.1"}
    assert where[AccountRegion(ONE, "eu-west-1")].places == {remembered}
    assert exact_accounts([here, other]) == {TWO}


def test_accounts_that_are_not_granted_are_told_with_what_is_missing() -> None:
    given = config(accounts=[ONE, TWO])
    granted = declared(given)
    other = declared(given, "other", controls={"roleName": "another"})
    found = roles(given, granted, other)
    policies = {each.name: policy(each) for each in (granted, other)}
    missing = ungranted(reaches(policies, {}, [ONE, TWO, THREE], found), {}, found)
    assert missing.keys() == {"security/other"}
    assert missing["security/other"].keys() == {ONE, TWO}
    how = progress(ungranted=missing["security/other"])
    status = policy_status(SuppressionPolicyStatus(), PolicyCase(other, how, HubState(), None, NOW), None)
    said = find_condition(status.conditions, "Stalled")
    assert said is not None
    assert (said.status.value, said.reason) == ("True", "AccountsNotGranted")
    assert f"may not use role another to disable controls in account {ONE}" in said.message
    assert '"disableControls": {"roleNames": ["another"]}' in said.message


OUTCOME = PolicyOutcome(Phase.ENFORCING, 3, 3, 3, 0, 0, 0, 0, 0, 0, over=False, full=())
DENIED = AccessDenied("no", service="securityhub", operation="GetEnabledStandards", code="AccessDenied")
LATER = Retryable("later", service="securityhub", operation="GetEnabledStandards", code="500")


def refused(code: str) -> dict[TurnedOff, ControlRefusal]:
    return {
        PLACE: ControlRefusal(
            Switch(PLACE, ControlAct.TURN_OFF, NAME, "r", ControlStatus.FAILED), code, "Not so."
        )
    }


def progress(**changes: Any) -> ControlsProgress:
    own = {
        key: changes.pop(key)
        for key in ("denied", "unread", "ungranted", "central", "held", "record")
        if key in changes
    }
    return replace(ControlsProgress(OUTCOME._replace(**changes), 0, 0, (), None, NOW), **own)


@pytest.mark.parametrize(
    ("spec", "how", "hub", "said"),
    [
        ({}, progress(), {}, ("True", "InEffect")),
        ({}, None, {}, ("False", "Syncing")),
        ({}, None, {"error": DENIED}, ("False", "AccessDenied")),
        ({}, progress(over=True), {}, ("False", "TooManyMatches")),
        ({}, progress(denied=refused("ACCESS_DENIED")), {}, ("False", "CentralConfiguration")),
        ({}, progress(denied=refused("LIMIT_EXCEEDED")), {}, ("False", "WritesRefused")),
        ({}, progress(unread={AccountRegion(TWO, "eu-west-1"): DENIED}), {}, ("False", "AccessDenied")),
        ({}, progress(unread={AccountRegion(TWO, "eu-west-1"): LATER}), {}, ("False", "AwsUnavailable")),
        ({}, progress(held=2), {"frozen": True}, ("False", "WritesFrozen")),
        ({}, progress(held=2), {}, ("False", "Writing")),
        ({}, progress(waiting=2), {}, ("False", "Writing")),
        ({}, progress(forbidden=1), {}, ("False", "AccountsNotGranted")),
        ({}, progress(), {"suspended": True}, ("Unknown", "TargetSuspended")),
        ({"suspend": True}, progress(), {}, ("Unknown", "Suspended")),
        ({"mode": "DryRun"}, progress(), {}, ("True", "DryRun")),
        ({"expiresAt": "2026-11-21T00:00:00Z"}, progress(marked=0), {}, ("False", "Expired")),
        ({"metadata": {"deletionTimestamp": "2026-11-22T05:59:00Z"}}, progress(), {}, ("False", "Deleting")),
    ],
)
def test_it_says_what_matters_most(
    spec: dict[str, Any], how: ControlsProgress | None, hub: dict[str, Any], said: tuple[str, str]
) -> None:
    case = PolicyCase(declared(config(), **spec), how, HubState(**hub), None, NOW)
    status = policy_status(SuppressionPolicyStatus(), case, None)
    found = find_condition(status.conditions, "Ready")
    assert found is not None
    assert (found.status.value, found.reason) == said


def test_names_that_security_hub_does_not_know_are_told() -> None:
    of = declared(config(), metadata={"creationTimestamp": "2026-11-21T00:00:00Z"})
    case = PolicyCase(of, progress(matched=0, suppressed=0, marked=0), HubState(), None, NOW)
    found = find_condition(policy_status(SuppressionPolicyStatus(), case, None).conditions, "Ready")
    assert found is not None
    assert (found.status.value, found.reason) == ("True", "InEffect")
    assert "has none of these controls" in found.message


def test_what_cannot_be_turned_on_again_is_said_with_the_reason() -> None:
    of = declared(config(), expiresAt="2026-11-21T00:00:00Z")
    how = progress(
        unread={AccountRegion(TWO, "eu-west-1"): DENIED},
        denied=refused("LIMIT_EXCEEDED"),
        record={PLACE: ControlStatus.FAILED},
    )
    status = policy_status(SuppressionPolicyStatus(), PolicyCase(of, how, HubState(), None, NOW), None)
    found = find_condition(status.conditions, "Ready")
    assert found is not None
    assert "3 controls are still to be turned on again" in found.message
    assert "Not so" in found.message
    assert status.failed == 2
    assert [each.id for each in status.failures] == [f"{FSBP} S3.11 {TWO} eu-west-1", f"{TWO} eu-west-1"]
    assert [each.accounts for each in status.disabled_controls] == [(TWO,)]


def test_drift_is_told_in_the_words_of_controls() -> None:
    for how, said in ((progress(drift=2), "tools that turn these controls on"), (None, "on or off has not")):
        case = PolicyCase(declared(config()), how, HubState(), None, NOW)
        found = find_condition(policy_status(SuppressionPolicyStatus(), case, None).conditions, "Drifted")
        assert found is not None
        assert said in found.message


def test_what_is_off_in_an_account_that_is_granted_no_longer_is_told_with_the_grant_that_is_missing() -> None:
    """Whether the policy still means that account, or cannot be read any longer."""
    given = config(accounts=[TWO])
    there = PLACE._replace(account_id=ONE)
    off = {NAME: [there], "security/newer": [PLACE, there]}
    known = declared(given, controls={"accounts": [TWO]})
    newer = declared(given, "newer", controls={"controls": {"all": True}})
    assert newer.policy is None
    assert policy(newer).phase is Phase.FROZEN
    assert not policy(newer).names(PLACE, ON)
    found = roles(given, known, newer)
    missing = ungranted({}, off, found)
    assert {name: set(accounts) for name, accounts in missing.items()} == {
        NAME: {ONE},
        "security/newer": {ONE},
    }
    assert ONE in missing["security/newer"][ONE].line
    assert found.of("security/newer", TWO) is not None, "its role can be read"
