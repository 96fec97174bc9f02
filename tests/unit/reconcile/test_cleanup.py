"""The clean-up of a kind that keeps nothing beside its finalizer: its objects and their targets wait."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest

from posture.domain.time import HOUR
from posture.kube.finalizers import FINALIZER, deleted_at
from posture.kube.resources import REMEDIATION_RULES, Object, name_of, target_name_of
from posture.kube.writers import Writers
from posture.reconcile.cleanup import CleanedKind, Cleanup
from posture.reconcile.context import Context
from tests.support.api_server import ApiServer

KIND = CleanedKind(
    REMEDIATION_RULES,
    log_field="rule",
    plural="rules",
    waiting="WaitingForPolicies",
    stays="what they began is not ended here",
)
DELETED = {"deletionTimestamp": "2026-11-22T05:59:00Z"}
SINCE = deleted_at({"metadata": DELETED}) or 0


@dataclass(frozen=True)
class Rule:
    """A rule as it was listed."""

    document: Object

    @property
    def name(self) -> str:
        return name_of(self.document)

    @property
    def scope(self) -> str:
        return target_name_of(self.document)


@dataclass(frozen=True)
class LeavingRule:
    """A rule that may be on its way out."""

    declared: Rule
    is_done: bool
    is_hopeless: bool = False
    goes_elsewhere: bool = False
    left: str = "Two resources are half done."


class Scene:
    """A rule and its target."""

    def __init__(self) -> None:
        metadata = {"namespace": "security", "generation": 1}
        self.api = ApiServer(
            {"metadata": {**metadata, "name": "organization", "uid": "t"}, "spec": {}},
            {
                "metadata": {**metadata, "name": "buckets", "uid": "r"},
                "spec": {"targetRef": {"name": "organization"}},
            },
        )
        world = SimpleNamespace(client=self.api, events=self.api, writers=Writers("a/posture-operator"))
        self.cleanup = Cleanup[Rule](cast("Context", world), KIND, lambda: 60.0)

    def rule(self) -> Rule:
        return Rule(self.api.listed("buckets"))

    def target(self) -> Object:
        return self.api.listed("organization")

    async def guard(self) -> set[str]:
        return await self.cleanup.guard([self.rule()], {"security/organization": self.target()})

    def delete(self, name: str) -> None:
        listed = self.api.listed(name)
        self.api.put({**listed, "metadata": {**listed["metadata"], **DELETED}})


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_an_object_and_its_target_wait_and_go_one_after_the_other(scene: Scene) -> None:
    assert await scene.guard() == {"security/buckets"}
    assert scene.api.finalizers("buckets") == scene.api.finalizers("organization") == [FINALIZER]
    assert "annotations" not in scene.rule().document["metadata"]
    scene.delete("buckets")
    scene.delete("organization")
    assert await scene.cleanup.let_go([LeavingRule(scene.rule(), is_done=False)], SINCE) == set()
    await scene.cleanup.release_targets([scene.target()], [scene.rule()], set(), SINCE)
    ((name, reason, note),) = scene.api.events
    assert (name, reason) == ("organization", "WaitingForPolicies")
    assert "its rules to be deleted first: security/buckets" in note
    rule = scene.rule()
    gone = await scene.cleanup.let_go([LeavingRule(rule, is_done=True)], SINCE)
    assert gone == {"security/buckets"}
    await scene.cleanup.release_targets([scene.target()], [rule], gone, SINCE)
    assert not scene.api.objects


async def test_what_is_not_done_after_an_hour_goes_and_says_what_is_left(scene: Scene) -> None:
    await scene.guard()
    scene.delete("buckets")
    hopeless = LeavingRule(scene.rule(), is_done=False, is_hopeless=True)
    assert await scene.cleanup.let_go([hopeless], SINCE + HOUR - 1) == set()
    assert await scene.cleanup.let_go([hopeless], SINCE + HOUR) == {"security/buckets"}
    assert scene.api.events == [("buckets", "CleanupAbandoned", "Two resources are half done.")]


async def test_what_another_holder_lets_go_stays(scene: Scene) -> None:
    await scene.guard()
    scene.delete("buckets")
    elsewhere = LeavingRule(scene.rule(), is_done=True, goes_elsewhere=True)
    assert await scene.cleanup.let_go([elsewhere], SINCE + 2 * HOUR) == set()
    assert scene.api.finalizers("buckets") == [FINALIZER]
