from typing import Any

import pytest

from posture.config.model import Config
from posture.hubs.demand import HubKey
from posture.reconcile.access import MAX_WINDOWS, Admitted, NotAdmitted, admit, admit_all

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
    assert admitted.hub == HubKey(ROLE, "x", "eu-west-1")
    assert admitted.accounts == ("6*",)


@pytest.mark.parametrize(
    ("spec", "grant", "reason", "fragment"),
    [
        ({}, {**GRANT, "namespaces": ["other"]}, "NotGranted", ROLE),
        ({}, {**GRANT, "verbs": ["Suppress"]}, "NotGranted", "Score"),
        ({}, {**GRANT, "accounts": []}, "NotGranted", "accounts"),
        ({"aws": {"region": "eu-west-1"}}, GRANT, "NotGranted", "own identity"),
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


def test_targets_share_a_hub_of_config_only_with_the_same_aggregator() -> None:
    org = {"configRules": {"names": ["one"], "aggregator": "org"}}
    asked: list[dict[str, Any]] = [
        {},
        {"source": org},
        {"source": {"conformancePacks": {"names": ["a"], "aggregator": "org"}}},
        {"source": {"configRules": {"names": ["one"], "aggregator": "other"}}},
        {"source": {"configRules": {"names": ["one"]}}},
    ]
    hubs = []
    for spec in asked:
        admitted = admit(document(**spec), config(GRANT))
        assert isinstance(admitted, Admitted)
        hubs.append(admitted.hub)
    own, first, same, other, unnamed = hubs
    assert first == same
    assert len({each.name for each in (own, first, other, unnamed)}) == 4


def test_targets_share_a_hub_only_with_the_same_external_id() -> None:
    other = {**GRANT, "namespaces": ["audit"], "externalId": "y"}
    first = admit(document(), config(GRANT, other))
    in_audit = document()
    in_audit["metadata"]["namespace"] = "audit"
    second = admit(in_audit, config(GRANT, other))
    assert isinstance(first, Admitted)
    assert isinstance(second, Admitted)
    assert first.hub.name != second.hub.name


def asking(number: int = 0, **asked: str) -> dict[str, Any]:
    """A target with an interval, a fullSyncInterval or a window."""
    window = {"scoring": {"evaluationWindow": asked.pop("window")}} if "window" in asked else {}
    made = document(**asked, **window)
    made["metadata"] |= {
        "uid": f"u{number}",
        "name": f"t{number}",
        "creationTimestamp": f"2026-11-01T00:00:{number:02}Z",
    }
    return made


def test_what_one_asks_of_a_hub_that_others_share_is_raised_to_the_minimum_and_it_is_told() -> None:
    admitted = admit(asking(interval="5s", fullSyncInterval="5s", window="1s"), config(GRANT))
    assert isinstance(admitted, Admitted)
    spec = admitted.target.spec
    assert [str(spec.interval), str(spec.full_sync_interval)] == ["30s", "1h"]
    assert str(spec.scoring.evaluation_window) == "24h"
    asked = (("interval", "5s", "30s"), ("fullSyncInterval", "5s", "1h"))
    why = "is used: the operator's configuration allows no less (minimums)."
    assert admitted.raised == tuple(
        f"spec.{field} is {one}, and {other} {why}"
        for field, one, other in (*asked, ("scoring.evaluationWindow", "1s", "24h"))
    )


def test_what_is_as_much_as_the_minimum_stays() -> None:
    admitted = admit(asking(interval="30s", fullSyncInterval="1h", window="24h"), config(GRANT))
    assert isinstance(admitted, Admitted)
    assert admitted.raised == ()


def test_of_too_many_windows_others_use_the_next_longer_one_and_it_is_told() -> None:
    """Nobody loses a target, and with it the end of its policies, by what others ask for."""
    asked = [asking(number, window=f"{40 - number}h") for number in range(9)]
    late = asking(10, window="25h")
    longest = asking(11, window="48h")
    admissions = admit_all([longest, late, *reversed(asked)], config(GRANT))
    assert all(isinstance(each, Admitted) for each in admissions)
    used = {
        each.target.metadata.name: str(each.target.spec.scoring.evaluation_window)
        for each in admissions
        if isinstance(each, Admitted)
    }
    assert len(set(used.values())) == MAX_WINDOWS
    assert (used["t0"], used["t6"], used["t7"], used["t10"], used["t11"]) == (
        "40h",
        "34h",
        "34h",
        "34h",
        "48h",
    )
    told = [each.raised for each in admissions if isinstance(each, Admitted) and each.raised]
    assert len(told) == 3
    assert all("more than 8 different ones" in text for (text,) in told)
