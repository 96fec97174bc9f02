import pytest

from posture.api.durations import Duration
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import CustomResource, InvalidObject, parse
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.counts import WorkloadScore
from posture.api.targets.kind import PostureTarget
from tests.support.api.malformed import MALFORMED, Malformed
from tests.support.api.objects import ACCEPTED, Object, changed, minimal, whole


@pytest.mark.parametrize(("kind", "spec"), ACCEPTED)
def test_what_the_api_takes_is_read_and_written_back_unchanged(
    kind: type[CustomResource], spec: Object
) -> None:
    document = parse(kind, whole(kind, spec))
    written = document.model_dump(mode="json", by_alias=True, exclude_unset=True)["spec"]
    if "expiresAt" in spec:
        # The one value with several spellings: an instant.
        assert written.pop("expiresAt").endswith("Z")
        spec = {key: value for key, value in spec.items() if key != "expiresAt"}
    assert written == spec


@pytest.mark.parametrize("case", [case for case in MALFORMED if not case.only_server], ids=str)
def test_what_the_api_server_refuses_the_operator_refuses_as_well(case: Malformed) -> None:
    with pytest.raises(InvalidObject) as refusal:
        parse(case.kind, whole(case.kind, case.spec))
    assert refusal.value.kind == case.kind.__name__
    assert refusal.value.name == "example"
    assert all(problem.startswith("spec") for problem in refusal.value.problems)


def test_every_problem_is_told_with_its_place() -> None:
    spec = changed(changed(minimal(PostureTarget), "aws.region", "europe"), "interval", "1s")
    with pytest.raises(InvalidObject) as refusal:
        parse(PostureTarget, whole(PostureTarget, spec))
    assert refusal.value.problems == (
        "spec.interval: write a duration such as 90s, 5m or 24h, at least 5s",
        "spec.aws.region: write a Region such as eu-west-1",
    )


def test_a_field_of_a_newer_spec_is_refused_because_it_may_narrow_what_is_meant() -> None:
    spec = {**minimal(PostureTarget), "onlyOnSundays": True}
    with pytest.raises(InvalidObject, match=r"spec.onlyOnSundays: this operator does not know this field"):
        parse(PostureTarget, whole(PostureTarget, spec))


def test_what_is_unknown_in_metadata_and_status_is_ignored() -> None:
    document = whole(PostureTarget, minimal(PostureTarget))
    document["metadata"] |= {"managedFields": [{"manager": "x"}], "selfLink": "/x"}
    document["status"] = {"score": 69, "mood": "good", "sync": {"findings": 3, "weather": "fine"}}
    target = parse(PostureTarget, document)
    assert target.status.score == 69
    assert target.status.sync is not None
    assert target.status.sync.findings == 3


def test_a_missing_status_is_one_that_has_observed_nothing() -> None:
    target = parse(PostureTarget, whole(PostureTarget, minimal(PostureTarget)))
    assert target.status.observed_generation == -1
    assert target.status.score is None


def test_a_time_zone_that_nobody_knows_is_refused_with_what_to_write() -> None:
    window = {"schedule": "0 9 * * 1-5", "timeZone": "Europe/Atlantis"}
    spec = changed(minimal(RemediationRule), "window", window)
    with pytest.raises(InvalidObject, match=r"spec.window.timeZone: 'Europe/Atlantis' .* Europe/Amsterdam"):
        parse(RemediationRule, whole(RemediationRule, spec))


@pytest.mark.parametrize(
    "pattern",
    [
        r"\(?P<workload>.+-(?P<environment>.+)",
        r"[(?P<workload>](?P<environment>.+)",
    ],
)
def test_a_pattern_that_only_looks_as_if_it_had_the_groups_is_refused(pattern: str) -> None:
    spec = changed(minimal(PostureTarget), "grouping.accountNamePattern", pattern)
    with pytest.raises(InvalidObject, match=r"spec.grouping.accountNamePattern: write a regular expression"):
        parse(PostureTarget, whole(PostureTarget, spec))


def test_requested_at_is_read_as_far_as_status_can_repeat_it() -> None:
    document = whole(PostureTarget, minimal(PostureTarget))
    document["metadata"]["annotations"] = {"posture.dev/requestedAt": "x" * 5000}
    requested = parse(PostureTarget, document).metadata.requested_at
    assert requested is not None
    document["status"] = {"lastHandledRequest": requested}
    assert parse(PostureTarget, document).status.last_handled_request == requested


def test_an_object_that_is_being_deleted_says_so() -> None:
    document = whole(SuppressionPolicy, minimal(SuppressionPolicy))
    assert not parse(SuppressionPolicy, document).metadata.being_deleted
    document["metadata"]["deletionTimestamp"] = "2026-11-22T06:00:00Z"
    assert parse(SuppressionPolicy, document).metadata.being_deleted


def test_a_long_text_of_a_status_is_shortened_rather_than_refused_with_all_the_rest() -> None:
    score = WorkloadScore(workload="w" * 129, environment="e" * 128, standard="s", passed=0, scored=0)
    assert score.workload == "w" * 127 + "…"
    assert score.environment == "e" * 128


def test_parts_of_a_spec_cannot_be_changed() -> None:
    target = parse(PostureTarget, whole(PostureTarget, minimal(PostureTarget)))
    with pytest.raises(ValueError, match="frozen"):
        setattr(target.spec, "interval", Duration("1h"))  # noqa: B010 -- mypy refuses it too
