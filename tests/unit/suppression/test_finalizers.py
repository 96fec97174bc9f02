"""Finalizers hold although lists are older than writes, tasks run side by side, and people edit."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from posture.aws.client.errors import AccessDenied
from posture.aws.client.errors import Retryable as KnownRetryable
from posture.domain.exceptions.policy import Phase
from posture.domain.exceptions.sites import ANNOTATION, MAX_SITES, Site, format_sites
from posture.hubs.demand import HubKey
from posture.kube.errors import Forbidden, KubeError, Retryable
from posture.kube.resources import Object
from posture.kube.writers import Writers
from posture.reconcile.context import Context
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.conditions import HubState, PolicyCase
from posture.suppression.declared import Declared, declare_policy
from posture.suppression.leaving import Deletion
from posture.suppression.whereabouts import sites_of
from tests.support.api_server import CALL, ApiServer
from tests.support.policies import NOW, declared, progress

FINALIZER = "posture.dev/cleanup"
TARGET: Object = {
    "metadata": {"name": "organization", "namespace": "security", "uid": "t"},
    "spec": {"aws": {"region": "eu-west-1"}},
}


def server(*names: str) -> ApiServer:
    made = [dict(declared(metadata={"name": name, "uid": f"p-{name}"}).document) for name in names]
    return ApiServer(TARGET, *made)


def world_of(api: ApiServer) -> Context:
    return cast("Context", SimpleNamespace(client=api, events=api, writers=Writers("a/posture-operator")))


def cleanup(api: ApiServer) -> PolicyCleanup:
    return PolicyCleanup(world_of(api), lambda: True)


def listed(api: ApiServer, name: str) -> Declared:
    given: Any = SimpleNamespace(granted=(), max_suppression_age=timedelta(days=400))
    return declare_policy(api.listed(name), {}, given, NOW)


def targets(api: ApiServer) -> dict[str, Object]:
    return {"security/organization": api.listed("organization")}


async def test_an_old_list_lets_no_target_go_that_a_policy_needs_since() -> None:
    api = server("logs", "controls")
    tidy = cleanup(api)
    await tidy.guard([listed(api, "logs")], targets(api))
    before = [listed(api, "logs"), listed(api, "controls")]
    before_targets = list(targets(api).values())
    # The other task of the hub suppresses for a second policy, while the first one's ends.
    await tidy.guard([listed(api, "controls")], targets(api))
    await tidy.release_targets(before_targets, before, {"security/logs"}, NOW)
    assert api.finalizers("organization") == [FINALIZER]
    await tidy.release_targets(before_targets, before, {"security/logs", "security/controls"}, NOW)
    assert api.finalizers("organization") == []


async def test_a_target_that_was_just_let_go_is_held_again() -> None:
    api = server("logs", "controls")
    tidy = cleanup(api)
    await tidy.guard([listed(api, "logs")], targets(api))
    old_policy, old_targets = listed(api, "controls"), targets(api)
    await tidy.release_targets(list(old_targets.values()), [], set(), NOW)
    assert api.finalizers("organization") == []
    # By this list the target is still held.
    assert await tidy.guard([old_policy], old_targets) == {"security/controls"}
    assert api.finalizers("organization") == [FINALIZER]


async def test_nothing_is_let_go_between_the_target_and_its_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    api = server("logs")
    tidy = cleanup(api)
    patch, reached, release = api.patch_metadata, asyncio.Event(), asyncio.Event()

    async def slow(ref: Any, operations: Any, **_within: object) -> Object:
        if ref.name == "logs":
            reached.set()
            await release.wait()
        return await patch(ref, operations)

    monkeypatch.setattr(api, "patch_metadata", slow)
    guarding = asyncio.create_task(tidy.guard([listed(api, "logs")], targets(api)))
    await reached.wait()
    assert api.finalizers("organization") == [FINALIZER]
    between = [listed(api, "logs")], list(targets(api).values())
    letting_go = asyncio.create_task(tidy.release_targets(between[1], between[0], set(), NOW))
    await asyncio.sleep(0)
    release.set()
    await letting_go
    assert await guarding == {"security/logs"}
    assert api.finalizers("organization") == [FINALIZER]


async def test_a_finalizer_that_a_person_took_off_is_put_back() -> None:
    api = server("logs")
    tidy = cleanup(api)
    await tidy.guard([listed(api, "logs")], targets(api))
    for name in ("logs", "organization"):
        bare = api.listed(name)
        bare["metadata"]["finalizers"] = ["somebody/else"]
        api.put(bare)
    assert await tidy.guard([listed(api, "logs")], targets(api)) == {"security/logs"}
    assert api.finalizers("logs") == ["somebody/else", FINALIZER]
    assert api.finalizers("organization") == ["somebody/else", FINALIZER]


async def test_what_is_held_costs_no_call() -> None:
    api = server("logs")
    tidy = cleanup(api)
    old = [listed(api, "logs")], targets(api)
    await tidy.guard(*old)
    writes = api.writes
    assert await tidy.guard(*old) == {"security/logs"}
    assert await tidy.guard([listed(api, "logs")], targets(api)) == {"security/logs"}
    assert api.writes == writes


@pytest.mark.parametrize(
    "answer", [Retryable(CALL, "later", status=500), Forbidden(CALL, "no right", status=403)]
)
@pytest.mark.parametrize("name", ["logs", "organization"])
async def test_what_could_not_be_held_is_not_acted_on_and_is_tried_again(
    name: str, answer: KubeError
) -> None:
    api = server("logs")
    tidy = cleanup(api)
    api.refusals[name] = answer
    assert await tidy.guard([listed(api, "logs")], targets(api)) == set()
    assert await tidy.guard([listed(api, "logs")], targets(api)) == {"security/logs"}


async def test_what_could_not_be_let_go_is_tried_again() -> None:
    api = server("logs")
    tidy = cleanup(api)
    await tidy.guard([listed(api, "logs")], targets(api))
    dying = api.listed("logs")
    dying["metadata"]["deletionTimestamp"] = "2026-11-22T05:59:00Z"
    api.put(dying)
    leaving = [Deletion(PolicyCase(listed(api, "logs"), progress(marked=0), HubState(), None, NOW))]
    api.refusals["logs"] = Retryable(CALL, "later", status=500)
    assert await tidy.let_go(leaving, NOW) == set()
    # Another finalizer was put on it meanwhile, and stays.
    shared = api.listed("logs")
    shared["metadata"]["finalizers"].append("somebody/else")
    api.put(shared)
    assert await tidy.let_go(leaving, NOW) == {"security/logs"}
    assert api.finalizers("logs") == ["somebody/else"]
    # By an old list it would be let go of once more.
    writes = api.writes
    assert await tidy.let_go(leaving, NOW) == set()
    assert api.writes == writes


HERE = Site("111122223333", "eu-west-1", "arn:aws:iam::111122223333:role/posture-reader")
ELSEWHERE = Site("444455556666", "eu-west-1", None)


async def test_where_a_policy_writes_is_recorded_in_the_patch_that_has_it_wait() -> None:
    api = server("logs")
    tidy = PolicyCleanup(world_of(api), lambda: True, lambda: HERE)
    noted = api.listed("logs")
    noted["metadata"]["annotations"] = {"somebody/else": "x"}
    api.put(noted)
    writes = api.writes
    assert await tidy.guard([listed(api, "logs")], targets(api)) == {"security/logs"}
    assert api.writes == writes + 2, "one for the target, one for the policy"
    assert sites_of(api.listed("logs")) == (HERE,)
    # By another hub, through an old list, and again after a person took it away.
    beside = PolicyCleanup(world_of(api), lambda: True, lambda: ELSEWHERE)
    assert await beside.guard([listed(api, "logs")], targets(api)) == {"security/logs"}
    assert sites_of(api.listed("logs")) == (HERE, ELSEWHERE)
    bare = api.listed("logs")
    del bare["metadata"]["annotations"]
    api.put(bare)
    assert await tidy.guard([listed(api, "logs")], targets(api)) == {"security/logs"}
    assert sites_of(api.listed("logs")) == (HERE,)


async def test_a_policy_whose_record_is_full_is_not_acted_on() -> None:
    api = server("logs")
    full = [Site(f"{number:012}", "eu-west-1", None) for number in range(MAX_SITES)]
    held = api.listed("logs")
    held["metadata"] |= {"finalizers": [FINALIZER], "annotations": {ANNOTATION: format_sites(full)}}
    api.put(held)
    tidy = PolicyCleanup(world_of(api), lambda: True, lambda: HERE)
    document = Declared(held, None, None, None, None)
    assert await tidy.guard([document], targets(api)) == set()
    assert sites_of(api.listed("logs")) == tuple(full)
    # What turns controls off remembers these in its status, and needs one hub to turn them on.
    controls = {**held, "spec": {**held["spec"], "disableControls": {}}}
    assert await tidy.guard([Declared(controls, None, None, None, None)], targets(api)) == {"security/logs"}
    assert sites_of(api.listed("logs")) == (HERE,)


async def test_a_policy_that_has_written_nowhere_any_longer_goes_without_a_hub() -> None:
    """One of an earlier version, which recorded nothing, does not: nobody knows where its marks are."""
    for text, goes in ((format_sites(()), True), (None, False), ("", False), (format_sites((HERE,)), False)):
        api = server("logs")
        dying = api.listed("logs")
        dying["metadata"] |= {"finalizers": [FINALIZER], "deletionTimestamp": "2026-11-22T05:59:00Z"}
        if text is not None:
            dying["metadata"]["annotations"] = {ANNOTATION: text}
        api.put(dying)
        alone = PolicyCase(Declared(dying, None, None, None, None), None, HubState(), None, NOW)
        assert bool(await cleanup(api).let_go([Deletion(alone)], NOW)) == goes


async def test_it_is_recorded_where_a_policy_is_over_and_where_it_cannot_be_undone() -> None:
    denied = AccessDenied("no", service="securityhub", operation="GetFindings", code="AccessDenied")
    later = KnownRetryable("later", service="securityhub", operation="GetFindings", code="500")
    moved = progress(marked=3, phase=Phase.MOVED)
    barred = replace(moved, outcome=moved.outcome._replace(barred=3))
    half = replace(moved, outcome=moved.outcome._replace(barred=2))
    known, gone = (HERE, ELSEWHERE), (HERE._replace(trouble="x"), ELSEWHERE)
    for before, how, state, after in (
        (known, progress(marked=0, phase=Phase.MOVED), HubState(), (ELSEWHERE,)),
        (known, progress(marked=0, phase=Phase.EXPIRED), HubState(), (ELSEWHERE,)),
        (known, replace(progress(marked=0, phase=Phase.MOVED), whole=False), HubState(), known),
        (known, progress(marked=0, phase=Phase.FROZEN), HubState(), known),
        (known, moved, HubState(), known),
        (known, None, HubState(error=later, reading=later), known),
        (known, moved, HubState(error=denied), known),
        (known, moved, HubState(reading=denied), denied),
        (known, half, HubState(), known),
        (known, barred, HubState(), "not granted Suppress"),
        (gone, half, HubState(), "not granted Suppress"),
        (gone, moved, HubState(), known),
        (gone, None, HubState(), gone),
    ):
        api = server("logs")
        held = api.listed("logs")
        held["metadata"] |= {"finalizers": [FINALIZER], "annotations": {ANNOTATION: format_sites(before)}}
        api.put(held)
        world = cast("Context", SimpleNamespace(client=api, events=api))
        tidy = PolicyCleanup(world, lambda: True, lambda: HERE)
        hub = HubKey(HERE.role_arn, None, HERE.region)
        departed = replace(listed(api, "logs"), departed=True, home=hub)
        await tidy.settle_sites([Deletion(PolicyCase(departed, how, state, None, NOW))])
        found = sites_of(api.listed("logs"))
        if isinstance(after, tuple):
            assert found == after
        else:
            assert f"{after}" in found[0].trouble
            assert found[1] == ELSEWHERE


async def test_what_another_account_has_of_the_own_identity_is_out_of_reach() -> None:
    api = server("logs")
    held = api.listed("logs")
    held["metadata"] |= {"finalizers": [FINALIZER], "annotations": {ANNOTATION: format_sites([ELSEWHERE])}}
    api.put(held)
    home = Declared(held, None, None, None, None, home=HubKey(None, None, "eu-west-1"))
    assert home.seen_from(ELSEWHERE.account_id) == home
    (lost,) = home.seen_from("777788889999").out_of_reach
    assert "777788889999" in lost.trouble
    here = ELSEWHERE._replace(account_id="777788889999")
    world = cast("Context", SimpleNamespace(client=api, events=api))
    tidy = PolicyCleanup(world, lambda: True, lambda: here)
    departed = replace(home, departed=True)
    await tidy.settle_sites([Deletion(PolicyCase(departed, None, HubState(), None, NOW))])
    assert sites_of(api.listed("logs")) == (lost,)
