"""Why an action refuses is read from its source: what it may raise itself, and nothing of another action."""

import pytest

from posture.cli.builtins.refusals import GENERAL, own_refusals
from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.registry import builtin_actions


def said(name: str) -> dict[str, Reason]:
    return {each.says: each.reason for each in own_refusals(builtin_actions()[name])}


def test_a_reason_is_found_in_the_action_its_base_and_what_these_call() -> None:
    keys = said("iam-deactivate-old-access-keys")
    assert keys["… is a user that breakGlass.iamUsers of the configuration names"] is Reason.EXCEPTED
    assert keys["… of … stays active: …"] is Reason.IN_USE
    assert keys.keys().isdisjoint({"… is not the ARN of a …"}), "which holds for all"
    own = said("rds-instance-enable-deletion-protection")
    assert own["The cluster … decides this"] is Reason.NOT_SUPPORTED
    assert own["RDS Custom is not changed"] is Reason.NOT_SUPPORTED, (
        "by the base's own check, which it calls too"
    )
    assert said("kms-enable-key-rotation")["The key is managed by AWS"] is Reason.MANAGED_BY_AWS


def test_what_only_another_action_of_the_module_says_is_not_told() -> None:
    assert "The cluster … decides this" not in said("rds-cluster-enable-deletion-protection")
    assert "The cluster … decides this" not in said("rds-instance-disable-public-access")


@pytest.mark.parametrize("name", builtin_actions())
def test_what_holds_for_all_is_told_once_elsewhere(name: str) -> None:
    assert not GENERAL & set(said(name).values())
