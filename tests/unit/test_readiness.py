"""What is missing in the cluster is said in one line, whoever meets it."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from posture.kube.client import KubeClient
from posture.kube.errors import Call, Conflict, Forbidden, Gone, KubeError, Retryable
from posture.kube.leases import Lease
from posture.kube.resources import KINDS, LEASES, SUPPRESSION_POLICIES
from posture.readiness import Readiness
from tests.support.lease_world import World
from tests.support.supervised import Play, passing, play

CALL = Call("list", SUPPRESSION_POLICIES)
GONE = Gone(CALL, "could not list suppressionpolicies")
DENIED = Forbidden(CALL, "may not list suppressionpolicies")


class Answers:
    """An API server that serves some of our kinds, and grants every right, or `forbids` to ask."""

    def __init__(self, *served: str, forbids: bool = False) -> None:
        self.served = served
        self.forbids = forbids

    async def request(self, call: Call, method: str, path: str, *, body: object = None) -> Mapping[str, Any]:
        assert path, (method, body)
        if call.resource is None:
            return {"resources": [{"name": KINDS[kind].plural} for kind in self.served]}
        if self.forbids:
            raise Forbidden(call, "no")
        return {"status": {"allowed": True}}


def checked(answers: Answers) -> Readiness:
    readiness = Readiness()
    asyncio.run(readiness._check(cast("KubeClient", answers), None, "posture"))
    return readiness


def test_what_the_check_finds_is_not_said_by_others() -> None:
    assert Readiness().reports(GONE), "the check has only begun"
    lacking = checked(Answers("PostureTarget"))
    assert "no CRD" in str(lacking.reason())
    assert lacking.reports(GONE)
    assert lacking.reports(DENIED)
    for other in (Retryable(CALL, "later"), Conflict(CALL, "changed")):
        assert not lacking.reports(other)
    # Whoever may not ask about rights finds none missing: then whoever meets it must say it.
    assert not checked(Answers(*KINDS, forbids=True)).reports(DENIED)


def test_the_check_says_what_is_missing_once_until_that_changes(caplog: pytest.LogCaptureFixture) -> None:
    readiness, lacking = Readiness(), Answers("PostureTarget")

    async def looks() -> None:
        for answers in (lacking, lacking, Answers(), lacking, Answers(*KINDS), Answers(*KINDS)):
            await readiness._check(cast("KubeClient", answers), None, "posture")

    with caplog.at_level(logging.INFO):
        asyncio.run(looks())
    assert [each.levelname for each in caplog.records] == ["ERROR", "ERROR", "ERROR", "INFO"]


@pytest.mark.parametrize(("error", "logged_elsewhere"), [(GONE, True), (DENIED, True), (DENIED, False)])
def test_a_list_that_is_not_served_is_left_to_the_check(
    error: KubeError, logged_elsewhere: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stage: Play) -> None:
        knows = [True]
        object.__setattr__(stage.world, "logged_elsewhere", lambda _: knows[0])
        stage.cluster.refused[SUPPRESSION_POLICIES.kind] = error
        await stage.begin()
        assert stage.supervisor.not_ready == str(error)
        knows[0] = logged_elsewhere
        await passing(60)

    with caplog.at_level(logging.WARNING):
        play(tmp_path, story)
    assert len(
        [each for each in caplog.records if "declared objects could not be listed" in each.message]
    ) == (not logged_elsewhere)


@pytest.mark.parametrize("logged_elsewhere", [True, False])
def test_a_lease_that_may_not_be_read_is_left_to_the_check(
    logged_elsewhere: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class Denied:
        async def get(self, *_: object, **__: object) -> Any:
            raise Forbidden(Call("get", LEASES, "posture", "hub"), "may not")

        create = replace = get

    async def story() -> None:
        lease = Lease(Denied(), "hub", "posture", "posture-0", logged_elsewhere=lambda _: logged_elsewhere)
        task = asyncio.ensure_future(lease.run())
        await asyncio.sleep(60.0)
        assert isinstance(lease.error, Forbidden)
        task.cancel()

    with caplog.at_level(logging.WARNING):
        World().run(story)
    assert len([each for each in caplog.records if "Lease hub: may not" in each.message]) == (
        not logged_elsewhere
    )
