"""A policy ends by the clock of its hub, which is AWS's, however wrong the machine's is."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.config.model import Config
from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.hubs.status import HubStatus
from posture.kube.resources import Object, ObjectRef
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.access import Admitted
from posture.reconcile.context import Context
from posture.reconcile.tasks import _Running
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.controls.hub import HubControls
from posture.suppression.findings.hub import HubSuppression
from posture.suppression.policy_reconciler import HubPolicies
from posture.suppression.suppression import SuppressionTasks
from tests.support.policies import declared

KEY = HubKey(None, None, "eu-west-1")
MINUTE = 60 * 1_000_000
SPECS: dict[type[HubControls | HubSuppression], dict[str, Any]] = {
    HubSuppression: {},
    HubControls: {
        "suppressFindings": None,
        "disableControls": {
            "standards": ["aws-foundational-security-best-practices/v/1.0.0"],
            "controls": ["S3.11"],
            "accounts": ["111122223333"],
            "regions": ["eu-west-1"],
            "roleName": "posture-controls",
        },
    },
}


class SkewedHub:
    """A hub whose Lease is held and whose store is not open yet; AWS's clock is ahead of the machine's."""

    key = KEY
    name = "hub"
    status = HubStatus()

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead

    def now(self) -> int:
        return time.time_ns() // 1_000 + self._ahead

    def leads(self) -> bool:
        return True

    def leading(self) -> float:
        return 30.0

    def is_open(self) -> bool:
        return False

    def own(self, _: object) -> None:
        pass

    def request_poll(self) -> int:
        return 1

    def has_run(self, _: int) -> bool:
        return False

    def exact_since(self, _: int) -> bool:
        return False


class Cluster:
    """An API server that keeps the last status."""

    def __init__(self) -> None:
        self.status: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()

    async def patch_status(self, ref: ObjectRef, status: Mapping[str, Any], **_how: object) -> Object:
        if not self.status.done():
            self.status.set_result(status)
        return {"metadata": {"name": ref.name, "uid": ref.uid, "resourceVersion": "2"}, "status": status}

    async def post(self, *_: object, **__: object) -> None:
        pass


def world(cluster: object) -> Context:
    config = SimpleNamespace(current=Config)
    made = SimpleNamespace(
        client=cluster,
        events=cluster,
        config=config,
        sink=PrometheusSink(Exposition()),
        namespaces=None,
        writers=Writers("posture/posture-operator"),
        security_hub=lambda _: None,
    )
    return cast("Context", made)


def minutes_from_now(minutes: float) -> str:
    """A time by the machine's clock."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def owner() -> str:
    return "us"


@pytest.mark.parametrize(
    ("ahead", "ends_in", "expired"), [(10, 5, "True"), (-10, -5, "False"), (0, 5, "False"), (0, -5, "True")]
)
@pytest.mark.parametrize("kind", SPECS)
async def test_a_policy_expires_by_the_hubs_clock(
    kind: type[HubControls | HubSuppression], ahead: int, ends_in: int, expired: str
) -> None:
    metadata = {"resourceVersion": "1"}
    policy = declared(metadata=metadata, expiresAt=minutes_from_now(ends_in), **SPECS[kind])
    assert policy.policy is not None
    cluster = Cluster()
    hub = cast("Hub", SkewedHub(ahead * MINUTE))
    work = kind(world(cluster), hub, owner, PolicyCleanup(world(cluster), hub.leads))
    work.update(HubPolicies([policy], {}, frozenset()))
    running = asyncio.create_task(work.run())
    try:
        async with asyncio.timeout(10):
            status = await cluster.status
    finally:
        running.cancel()
    told = {each["type"]: each["status"] for each in status["conditions"]}
    assert told["Expired"] == expired


OFF = [{"standard": "x/v/1", "control": "S3.1", "region": "eu-west-1", "status": "Failed", "accounts": ["1"]}]


# What an account that could not be read has off is remembered, and not counted as off.
@pytest.mark.parametrize("status", [{"suppressed": 1}, {"suppressed": 0, "disabledControls": OFF}])
@pytest.mark.parametrize(("ahead", "ends_in", "needed"), [(10, 5, True), (-10, -5, False)])
def test_a_suspended_target_needs_its_hub_when_a_policy_has_ended_there(
    ahead: int, ends_in: int, status: Mapping[str, Any], *, needed: bool
) -> None:
    target = {
        "metadata": {"name": "organization", "namespace": "security"},
        "spec": {"aws": {"region": "eu-west-1"}, "source": {"securityStandards": {"standards": ["*"]}}},
    }
    document: Object = dict(declared(expiresAt=minutes_from_now(ends_in)).document)
    suppression = SuppressionTasks(world(None), lambda: False)
    hub = cast("Hub", SkewedHub(ahead * MINUTE))
    running: _Running[Any] = _Running(hub, (), frozenset())
    suppression._tasks._running[KEY] = running
    admitted = Admitted(parse(PostureTarget, target), KEY, ("*",))
    suppression.declare([{**document, "status": status}], {"security/organization": (target, admitted)})
    assert suppression.needs_hub("security/organization") is needed
