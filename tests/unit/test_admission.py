from typing import Any

import pytest

from posture.admission import Admitted, NotAdmitted, admit
from posture.config import Config

ROLE = "arn:aws:iam::111122223333:role/posture-reader"
GRANT = {
    "namespaces": ["security"],
    "roleArns": [ROLE],
    "accounts": ["6*"],
    "verbs": ["Score"],
    "externalId": "x",
}


def document(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "organization", "namespace": "security", "uid": "u", "generation": 1},
        "spec": {
            "aws": {"region": "eu-west-1", "roleArn": ROLE},
            "source": {"securityStandards": {"standards": ["*"]}},
            **spec,
        },
    }


def config(*grants: dict[str, Any]) -> Config:
    return Config.model_validate({"grants": grants})


def test_what_is_granted_is_admitted_with_its_hub_and_its_accounts() -> None:
    admitted = admit(document(), config(GRANT))
    assert isinstance(admitted, Admitted)
    assert admitted.hub == (ROLE, "x", "eu-west-1")
    assert admitted.accounts == ("6*",)


@pytest.mark.parametrize(
    ("spec", "grant", "reason", "fragment"),
    [
        ({}, {**GRANT, "namespaces": ["other"]}, "NotGranted", ROLE),
        ({}, {**GRANT, "verbs": ["Suppress"]}, "NotGranted", "Score"),
        ({}, {**GRANT, "accounts": []}, "NotGranted", "accounts"),
        ({"aws": {"region": "eu-west-1"}}, GRANT, "NotGranted", "own identity"),
        ({"source": {"configRules": {"names": ["r"]}}}, GRANT, "SourceNotSupported", "configRules"),
        ({"grouping": {"accountNamePattern": "(?P<workload>("}}, GRANT, "InvalidSpec", "accountNamePattern"),
        ({"unknown": 1}, GRANT, "InvalidSpec", "unknown"),
    ],
)
def test_what_is_not_admitted_says_why(
    spec: dict[str, Any], grant: dict[str, Any], reason: str, fragment: str
) -> None:
    refused = admit(document(**spec), config(grant))
    assert isinstance(refused, NotAdmitted)
    assert refused.trouble.reason == reason
    assert refused.trouble.terminal
    assert fragment in refused.trouble.message


def test_nothing_is_granted_by_default() -> None:
    assert isinstance(admit(document(), Config()), NotAdmitted)


def test_targets_share_a_hub_only_with_the_same_external_id() -> None:
    other = {**GRANT, "namespaces": ["audit"], "externalId": "y"}
    first = admit(document(), config(GRANT, other))
    in_audit = document()
    in_audit["metadata"]["namespace"] = "audit"
    second = admit(in_audit, config(GRANT, other))
    assert isinstance(first, Admitted)
    assert isinstance(second, Admitted)
    assert first.hub.name != second.hub.name
