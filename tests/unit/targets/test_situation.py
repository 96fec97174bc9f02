"""What a target's status says of its hub: what is enabled there, and of that no more than is known."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import (
    MAX_STANDARDS,
    EnabledStandard,
    HubSummary,
    PostureTargetStatus,
    StandardStatus,
)
from posture.aws.securityhub.discovery import HubFacts
from posture.domain.standards import ControlAssociation, Standard
from posture.hubs.demand import HubKey
from posture.hubs.status import HubStatus
from posture.reconcile.access import Admitted
from posture.targets.situation import hub_fields, situation_of
from posture.targets.status import scope_digest
from tests.support.hub_facts import facts

DOCUMENT = {
    "metadata": {"name": "t", "namespace": "ns"},
    "spec": {"aws": {"region": "eu-west-1"}, "source": {"securityStandards": {"standards": ["a/v/1"]}}},
}
ADMITTED = Admitted(parse(PostureTarget, DOCUMENT), HubKey(None, None, "eu-west-1"), ("*",))
BEFORE = PostureTargetStatus()


def standard(
    name: str, *, on: int = 0, off: int = 0, complete: bool = True, status: str = "READY"
) -> Standard:
    controls = {f"S3.{n}": ControlAssociation(f"S3.{n}", enabled=n < on) for n in range(on + off)}
    return Standard(name, f"arn:aws:securityhub:::standards/{name}", controls, complete, status)


def hub_of(standards: Iterable[Standard], *, known: bool = True) -> HubSummary:
    hub = hub_fields(ADMITTED, HubStatus(facts=facts(*standards, standards_known=known)), BEFORE)["hub"]
    assert isinstance(hub, HubSummary)
    return hub


def test_enabled_standards_are_shown_with_how_many_of_their_controls_are_on() -> None:
    hub = hub_of([standard("b/v/1", on=3, off=2), standard("a/v/1", off=1)])
    assert hub.standards == (
        EnabledStandard(standard="a/v/1", controls=1, enabled_controls=0),
        EnabledStandard(standard="b/v/1", controls=5, enabled_controls=3),
    )
    assert hub.to_api()["standards"][1] == {"standard": "b/v/1", "controls": 5, "enabledControls": 3}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("READY", None),
        ("PENDING", StandardStatus.PENDING),
        ("INCOMPLETE", StandardStatus.INCOMPLETE),
        ("FAILED", StandardStatus.FAILED),
        ("SOMETHING_NEW", None),
    ],
)
def test_a_standard_that_is_not_ready_says_so(said: str, shown: StandardStatus | None) -> None:
    [only] = hub_of([standard("a/v/1", on=1, status=said)]).standards or ()
    assert only.status is shown


def test_controls_that_could_not_all_be_read_are_not_counted() -> None:
    [only] = hub_of([standard("a/v/1", on=5, complete=False)]).standards or ()
    assert only.to_api() == {"standard": "a/v/1"}


def test_standards_that_may_not_be_listed_are_not_said_to_be_none() -> None:
    assert "standards" not in hub_of((), known=False).to_api()
    assert hub_of(()).to_api()["standards"] == []


@given(st.permutations([standard(f"s-{n}/v/1", on=n) for n in range(4)]))
def test_the_order_in_which_they_are_found_changes_nothing(found: list[Standard]) -> None:
    assert hub_of(found) == hub_of(sorted(found))


def test_the_list_is_bounded_and_says_what_it_leaves_out() -> None:
    hub = hub_of(standard(f"s-{n:03}/v/1") for n in range(MAX_STANDARDS + 7))
    assert [each.standard for each in hub.standards or ()] == [f"s-{n:03}/v/1" for n in range(MAX_STANDARDS)]
    assert hub.standards_omitted == 7
    assert hub_of([standard("a/v/1")]).standards_omitted is None


def test_what_is_written_reads_back_the_same() -> None:
    """An unchanged hub is an unchanged status, which is not written again."""
    hub = hub_of([standard("a/v/1", on=1, status="PENDING"), standard("b/v/1", complete=False)])
    assert HubSummary.model_validate(hub.to_api()) == hub


def test_a_new_holder_that_knows_nothing_yet_leaves_what_was_told() -> None:
    told = BEFORE.model_copy(update=hub_fields(ADMITTED, HubStatus(facts=facts(), findings=7), BEFORE))
    again = hub_fields(ADMITTED, HubStatus(), told)
    assert (again["hub"], again["sync"].findings) == (told.hub, 7)


@pytest.mark.parametrize(
    "hub",
    [
        HubKey(None, None, "us-east-1"),
        HubKey("arn:aws:iam::444455556666:role/posture-reader", None, "eu-west-1"),
    ],
)
def test_nothing_is_told_of_the_hub_that_a_target_looked_at_before(hub: HubKey) -> None:
    known = HubStatus(facts=facts(), findings=7, last_success=5_000_000, last_full=5_000_000)
    told = BEFORE.model_copy(update=hub_fields(ADMITTED, known, BEFORE))
    moved = hub_fields(ADMITTED._replace(hub=hub), HubStatus(), told)
    assert moved["hub"] is None
    assert (moved["sync"].findings, moved["sync"].last_success_time) == (None, None)


def test_the_own_identity_is_not_told_to_be_in_the_account_of_the_role_before() -> None:
    """The account of the operator's own identity is only known when AWS has answered."""
    role = ADMITTED._replace(hub=HubKey("arn:aws:iam::111122223333:role/reader", None, "eu-west-1"))
    told = BEFORE.model_copy(update=hub_fields(role, HubStatus(facts=facts(), findings=7), BEFORE))
    told = told.model_copy(update={"scope_digest": scope_digest(role)})
    assert hub_fields(role, HubStatus(), told)["hub"] == told.hub
    moved = hub_fields(ADMITTED, HubStatus(), told)
    assert (moved["hub"], moved["sync"].findings) == (None, None)
    same = told.model_copy(update={"scope_digest": scope_digest(ADMITTED)})
    assert hub_fields(ADMITTED, HubStatus(), same)["hub"] == told.hub


def test_facts_that_an_older_version_stored_are_read() -> None:
    """A NamedTuple is stored as a list, which then has no status of a standard at its end."""
    found = facts(standard("a/v/1", on=2))
    stored = msgspec.json.decode(msgspec.json.encode(found))
    at = HubFacts._fields.index("standards")
    stored[at] = [each[: Standard._fields.index("status")] for each in stored[at]]
    assert msgspec.json.decode(msgspec.json.encode(stored), type=HubFacts) == found


def notes_of(*standards: Standard, **known: object) -> str:
    return " ".join(situation_of(ADMITTED, HubStatus(facts=facts(*standards, **known)), None).notes)


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("INCOMPLETE", "NO_AVAILABLE_CONFIGURATION_RECORDER", ["not checked", "Turn on the recorder"]),
        ("INCOMPLETE", "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED", ["not checked", "quota"]),
        ("INCOMPLETE", "SOMETHING_NEW", ["not checked", "SOMETHING_NEW", "ask AWS"]),
        ("INCOMPLETE", "", ["not checked", "no reason is given"]),
        ("FAILED", "INTERNAL_ERROR", ["could not be disabled, and counts", "INTERNAL_ERROR"]),
    ],
)
def test_a_standard_that_is_not_whole_is_told_with_what_to_do(
    status: str, reason: str, words: list[str]
) -> None:
    broken = standard("a/v/1", on=1, status=status)._replace(reason=reason)
    said = notes_of(broken, standard("b/v/1"))
    assert [word for word in ["a/v/1", *words] if word not in said] == []
    [shown, _] = hub_of([broken, standard("b/v/1")]).standards or ()
    assert shown.reason == (reason or None)


def test_of_a_standard_that_nobody_chose_or_that_is_whole_nothing_is_told() -> None:
    assert notes_of(standard("a/v/1", status="PENDING"), standard("b/v/1", status="INCOMPLETE")) == ""


def test_where_findings_are_collected_is_told_only_to_who_looks_elsewhere() -> None:
    assert "collected in us-east-1" in notes_of(aggregation_region="us-east-1")
    assert notes_of(aggregation_region="eu-west-1") == ""
