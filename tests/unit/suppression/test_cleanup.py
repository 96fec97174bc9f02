"""Finalizers: what waits for what, and for how long."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from posture.aws.client.errors import AccessDenied, AwsError, Retryable
from posture.domain.exceptions.policy import Phase
from posture.kube.finalizers import deleted_at
from posture.kube.resources import Object, ObjectRef
from posture.kube.writers import Writers
from posture.reconcile.cleanup import LONGEST_WAIT, OWN_TRY
from posture.reconcile.context import Context
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.conditions import HubState, PolicyCase, PolicyProgress
from posture.suppression.declared import Declared
from posture.suppression.leaving import Deletion
from tests.support.policies import NOW, declared, progress

FINALIZER = "posture.dev/cleanup"
DELETED: dict[str, Any] = {
    "deletionTimestamp": "2026-11-22T05:59:00Z",
    "finalizers": [FINALIZER],
    "resourceVersion": "1",
}


class Cluster:
    """An API server that remembers which finalizers were set, and which events posted."""

    def __init__(self) -> None:
        self.finalizers: dict[str, list[str]] = {}
        self.events: list[tuple[str, str, str]] = []

    async def patch_metadata(
        self, ref: ObjectRef, operations: Sequence[Mapping[str, Any]], **_within: object
    ) -> Object:
        self.finalizers[ref.name] = operations[-1]["value"]
        return {"metadata": {"name": ref.name, "uid": ref.uid, "finalizers": operations[-1]["value"]}}

    async def post(self, ref: ObjectRef, _kind: str, *, reason: str, action: str, note: str) -> None:
        self.events.append((ref.name, reason, note))
        assert action == "Delete"


def cleanup(cluster: Cluster, *, ours: bool = True) -> PolicyCleanup:
    world = cast(
        "Context", SimpleNamespace(client=cluster, events=cluster, writers=Writers("a/posture-operator"))
    )
    return PolicyCleanup(world, lambda: ours)


def target(name: str = "organization", **metadata: Any) -> Object:
    return {"metadata": {"name": name, "namespace": "security", "uid": f"t-{name}", **metadata}, "spec": {}}


def leaving(how: PolicyProgress | None, error: AwsError | None = None, *, frozen: bool = False) -> Deletion:
    hub = HubState(frozen=frozen, error=error)
    return Deletion(PolicyCase(declared(metadata=DELETED), how, hub, None, NOW))


async def test_a_policy_waits_until_nothing_bears_its_mark() -> None:
    cluster = Cluster()
    assert await cleanup(cluster).let_go([leaving(progress(marked=1))], NOW) == set()
    assert await cleanup(cluster).let_go([leaving(None)], NOW) == set()
    assert await cleanup(cluster, ours=False).let_go([leaving(progress(marked=0))], NOW) == set()
    assert cluster.finalizers == {}
    assert await cleanup(cluster).let_go([leaving(progress(marked=0))], NOW) == {"security/logs"}
    assert cluster.finalizers == {"logs": []}
    assert cluster.events == []


async def test_a_policy_goes_after_an_hour_and_says_what_is_left() -> None:
    since = deleted_at({"metadata": DELETED})
    assert since is not None
    denied = AccessDenied("no", service="securityhub", operation="BatchUpdateFindings", code="AccessDenied")
    for how, words in ((progress(marked=4, left=("f-1",)), "4 findings"), (None, "stays suppressed")):
        cluster = Cluster()
        tidy = cleanup(cluster)
        assert await tidy.let_go([leaving(how, denied)], since + LONGEST_WAIT - 1) == set()
        assert await tidy.let_go([leaving(how, denied)], since + LONGEST_WAIT) == {"security/logs"}
        ((name, reason, note),) = cluster.events
        assert (name, reason) == ("logs", "CleanupAbandoned")
        assert words in note
        assert f"{denied}" in note


async def test_a_holder_that_comes_after_that_hour_tries_for_itself() -> None:
    since = deleted_at({"metadata": DELETED})
    assert since is not None
    late = since + 3 * LONGEST_WAIT
    busy = Retryable("later", service="securityhub", operation="GetFindings", code="500")
    for error in (None, busy):
        for how in (progress(marked=4), None):
            tidy = cleanup(Cluster())
            assert await tidy.let_go([leaving(how, error)], late) == set()
            assert await tidy.let_go([leaving(how, error)], late + OWN_TRY - 1) == set()
            assert await tidy.let_go([leaving(how, error)], late + OWN_TRY) == {"security/logs"}
    done = cleanup(Cluster())
    assert await done.let_go([leaving(progress(marked=0))], late) == {"security/logs"}


async def test_frozen_writes_do_not_hold_back_what_is_retained() -> None:
    retained = progress(marked=4, phase=Phase.RETAINED)
    assert await cleanup(Cluster()).let_go([leaving(retained)], NOW) == set()
    assert await cleanup(Cluster()).let_go([leaving(retained, frozen=True)], NOW) == {"security/logs"}
    assert await cleanup(Cluster()).let_go([leaving(progress(marked=4), frozen=True)], NOW) == set()


async def test_nothing_is_written_for_a_policy_that_would_not_wait() -> None:
    cluster = Cluster()
    policy = declared(metadata={"resourceVersion": "1"})
    targets = {"security/organization": target()}
    assert await cleanup(cluster).guard([policy], targets) == {"security/logs"}
    assert cluster.finalizers == {"organization": [FINALIZER], "logs": [FINALIZER]}
    assert await cleanup(Cluster()).guard([policy], {}) == set()
    assert await cleanup(Cluster(), ours=False).guard([policy], targets) == set()
    gone = declared(metadata={"deletionTimestamp": "2026-11-22T05:59:00Z"})
    assert await cleanup(Cluster()).guard([gone], targets) == set()


async def test_a_target_waits_for_its_policies_an_hour_at_most() -> None:
    since = deleted_at({"metadata": DELETED})
    assert since is not None
    waiting: list[Declared] = [declared(metadata={"finalizers": [FINALIZER]})]
    dying = target(**DELETED)

    async def released(policies: Sequence[Declared], gone: set[str], now: int) -> tuple[Cluster, bool]:
        cluster = Cluster()
        await cleanup(cluster).release_targets([dying], policies, gone, now)
        return cluster, cluster.finalizers == {"organization": []}

    cluster, went = await released(waiting, set(), NOW)
    assert not went
    assert [reason for _, reason, _ in cluster.events] == ["WaitingForPolicies"]
    assert (await released(waiting, {"security/logs"}, NOW))[1]
    assert (await released([], set(), NOW))[1]
    cluster = Cluster()
    tidy = cleanup(cluster)
    for now, goes in ((since, False), (since + LONGEST_WAIT - 1, False), (since + LONGEST_WAIT, True)):
        await tidy.release_targets([dying], waiting, set(), now)
        assert (cluster.finalizers == {"organization": []}) == goes
    assert [reason for _, reason, _ in cluster.events] == ["WaitingForPolicies", "CleanupAbandoned"]


async def test_a_target_goes_with_policies_for_which_there_is_no_hope() -> None:
    since = deleted_at({"metadata": DELETED})
    assert since is not None
    now = since + LONGEST_WAIT // 2
    waiting, dying = leaving(progress(marked=1)), {**DELETED, "deletionTimestamp": "2026-11-22T03:59:00Z"}
    for hopeless in (False, True):
        cluster = Cluster()
        tidy = cleanup(cluster)
        case = waiting.case._replace(hub=HubState(frozen=hopeless))
        assert await tidy.let_go([Deletion(case)], now) == set()
        await tidy.release_targets([target(**dying)], [case.declared], set(), now)
        assert (cluster.finalizers.get("organization") == []) == hopeless
