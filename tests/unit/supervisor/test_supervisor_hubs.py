"""Which hubs are declared: the stores of all others may be removed, so it errs on the side of too many."""

from pathlib import Path

import pytest

from posture.domain.arns import account_of
from posture.domain.exceptions.sites import ANNOTATION, Site, format_sites
from posture.kube.resources import KINDS, SUPPRESSION_POLICIES
from tests.support.supervised import NAMESPACE, ROLE, Play, passing, play, target


def test_a_hub_is_declared_until_no_target_names_it_and_it_has_ended(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        assert stage.supervisor.declared_hubs() is None, "nothing has been listed"
        await stage.begin(target("a", suspend=True), target("b", region="us-east-1"))
        both = {hub.name for hub in stage.hubs}
        assert stage.supervisor.declared_hubs() == frozenset(both)
        assert len(both) == 2
        del stage.cluster.targets[0]
        stage.supervisor.wake()
        await passing(2)
        assert stage.supervisor.declared_hubs() == frozenset(hub.name for hub in stage.hubs)
        assert len(stage.hubs) == 1

    play(tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_fails_takes_none_away(kind: str, tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        stage.refuse(kind)
        await stage.begin(target("a"))
        assert stage.supervisor.declared_hubs() is None
        stage.cluster.refused.clear()
        stage.supervisor.wake()
        await passing(10)
        declared = stage.supervisor.declared_hubs()
        assert declared
        stage.refuse(kind)
        stage.cluster.targets.clear()
        stage.supervisor.wake()
        await passing(2)
        assert stage.supervisor.declared_hubs() == declared

    play(tmp_path, story)


def test_a_hub_that_only_a_policy_has_written_in_is_there_until_that_is_undone(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        dying = {
            "metadata": {
                "name": "logs",
                "namespace": NAMESPACE,
                "uid": "p",
                "generation": 1,
                "resourceVersion": "1",
                "creationTimestamp": "2026-11-01T00:00:00Z",
                "deletionTimestamp": "2026-11-22T05:59:00Z",
                "finalizers": ["posture.dev/cleanup"],
                "annotations": {ANNOTATION: format_sites([Site(account_of(ROLE), "us-east-1", ROLE)])},
            },
            "spec": {
                "targetRef": {"name": "a"},
                "justification": "Retention is handled by lifecycle policies",
                "approvedBy": "security@example.com",
                "expiresAt": "2027-03-31T00:00:00Z",
                "suppressFindings": {"match": [{"controls": ["S3.1"]}]},
            },
        }
        stage.cluster.objects[SUPPRESSION_POLICIES.kind].append(dying)
        await stage.begin(target("a"))
        assert {hub.key.region for hub in stage.hubs} == {"eu-west-1", "us-east-1"}
        assert stage.supervisor.not_ready is None
        stage.cluster.objects[SUPPRESSION_POLICIES.kind].clear()
        stage.supervisor.wake()
        await passing(2)
        (left,) = (hub for hub in stage.hubs if hub.key.region == "eu-west-1")
        assert stage.supervisor.declared_hubs() == frozenset({left.name})

    play(tmp_path, story)
