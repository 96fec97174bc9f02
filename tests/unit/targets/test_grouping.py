"""What a target says of its organization: what cannot be read, what that costs, and what to do."""

from typing import Any, NamedTuple, cast

import pytest

from posture.api.conditions import ConditionStatus
from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import GROUPED, PostureTargetStatus
from posture.aws.client.errors import AccessDenied, AwsError
from posture.config.model import Config
from posture.domain.organization import KnownOrganization, OrganizationAccount
from posture.domain.time import datetime_of
from posture.hubs.hub import Hub
from posture.hubs.organization import OrganizationStatus
from posture.hubs.status import HubStatus
from posture.publish.reports import Shown
from posture.reconcile.access import Admitted, admit
from posture.targets.conditions import Message
from posture.targets.grouping import grouped, with_grouping

ROLE = "arn:aws:iam::111122223333:role/posture-reader"
OTHER = "arn:aws:iam::111122223333:role/other"
CONFIG = Config.model_validate(
    {
        "grants": [
            {
                "namespaces": ["ns"],
                "roleArns": [ROLE],
                "externalId": "x",
                "accounts": ["1*"],
                "verbs": ["Score"],
            },
            {"namespaces": ["ns"], "roleArns": [OTHER], "accounts": ["*"], "verbs": ["Suppress"]},
        ]
    }
)
KNOWN = KnownOrganization({"111122223333": OrganizationAccount("a", None)}, {}, 1)
NOW = datetime_of(1_800_000_000_000_000)
DENIED = AccessDenied(
    "no", service="organizations", operation="ListAccounts", code="AccessDenied", advice="Allow it"
)


class OnPaper(NamedTuple):
    """As much of a hub, and of what is shown, as the condition follows from."""

    status: HubStatus = HubStatus()
    ungrouped: tuple[str, ...] = ()

    @property
    def evaluation(self) -> "OnPaper":
        return self


def admitted(tags: dict[str, Any] | None = None, **spec: Any) -> Admitted:
    document = {
        "metadata": {"name": "t", "namespace": "ns", "uid": "u"},
        "spec": {
            "aws": {"region": "eu-west-1", "roleArn": ROLE},
            "source": {"securityStandards": {"standards": ["a/v/1"]}},
            "grouping": {} if tags is None else {"organizationTags": tags},
            **spec,
        },
    }
    parse(PostureTarget, document)
    admission = admit(document, CONFIG)
    assert isinstance(admission, Admitted)
    return admission


def said(
    admission: Admitted,
    *errors: AwsError,
    known: KnownOrganization | None = KNOWN,
    ungrouped: tuple[str, ...] | None = (),
) -> Message | None:
    statuses = {} if known is None else {admission.organization: OrganizationStatus(known, errors)}
    hub = cast("Hub", OnPaper(HubStatus(organizations=cast("Any", statuses))))
    shown = None if ungrouped is None else cast("Shown", OnPaper(ungrouped=ungrouped))
    return grouped(admission, hub, shown)


def test_who_does_not_ask_is_told_nothing_and_a_condition_of_before_goes() -> None:
    assert said(admitted()) is None
    before = with_grouping(PostureTargetStatus(), said(admitted({})), NOW)
    assert [each.type for each in before.conditions] == [GROUPED]
    assert with_grouping(before, None, NOW).conditions == ()


def test_the_organization_is_read_as_the_target_or_as_a_granted_role() -> None:
    assert admitted({}).organization == (ROLE, "x")
    assert admitted({"roleArn": ROLE}).organization == (ROLE, "x")


@pytest.mark.parametrize("role", [OTHER, "arn:aws:iam::999999999999:role/theirs"])
def test_a_role_that_is_not_granted_costs_workloads_and_no_score_besides(role: str) -> None:
    found = said(admitted({"workloadKey": "w", "roleArn": role}), ungrouped=("111122223333",))
    assert found is not None
    assert found[:2] == (ConditionStatus.FALSE, "NotGranted")
    assert role in found[2]
    assert "add below grants" in found[2]
    assert "no score of any workload" in found[2]


@pytest.mark.parametrize(
    ("case", "status", "reason", "words"),
    [
        ({"known": None}, ConditionStatus.FALSE, "ReadingAccounts", "being read"),
        ({"known": KnownOrganization()}, ConditionStatus.FALSE, "ReadingAccounts", "being read"),
        ({"ungrouped": None}, ConditionStatus.UNKNOWN, "Syncing", "first score"),
        (
            {"ungrouped": ("1", "2", "3", "4")},
            ConditionStatus.FALSE,
            "ReadingAccounts",
            "missing: 1, 2, 3, …",
        ),
        ({}, ConditionStatus.TRUE, "TagsRead", "known"),
    ],
)
def test_how_far_the_reading_is_is_told(case: Any, status: ConditionStatus, reason: str, words: str) -> None:
    found = said(admitted({"workloadKey": "w"}), **case)
    assert found is not None
    assert found[:2] == (status, reason)
    assert words in found[2]


def test_a_failure_is_told_with_what_to_do_also_while_what_was_read_is_believed() -> None:
    found = said(admitted({"workloadKey": "w"}), DENIED)
    assert found is not None
    assert found[:2] == (ConditionStatus.FALSE, "AccessDenied")
    assert "Allow it." in found[2]
    assert "24 hours" in found[2]
    assert "no score" not in found[2]


def test_names_and_states_alone_need_no_tag() -> None:
    found = said(admitted({}))
    assert found is not None
    assert found[:2] == (ConditionStatus.TRUE, "AccountsRead")


def test_nothing_is_read_for_a_suspended_target() -> None:
    found = said(admitted({}, suspend=True))
    assert found is not None
    assert found[:2] == (ConditionStatus.UNKNOWN, "Suspended")
