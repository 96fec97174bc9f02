"""The name by which an operator marks what it does, where its configuration gives none."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from posture.config.model import Config
from posture.kube.client import KubeClient
from posture.kube.errors import Call, Forbidden, Gone, KubeError, Retryable, Unauthorized
from posture.kube.resources import NAMESPACES, ApiResource, Object
from posture.reconcile.context import Context
from posture.reconcile.owner import OwnerName, OwnerUnknown, cluster_owner
from tests.support.lease_world import VirtualLoop

GET = Call("get", NAMESPACES, None, "kube-system")


class Cluster:
    """An API server that has one namespace, or gives one answer."""

    def __init__(self, answer: KubeError | None = None) -> None:
        self.answer = answer
        self.asked = 0

    async def get(self, resource: ApiResource, namespace: str | None, name: str, **_: Any) -> Object:
        assert (resource, namespace, name) == (NAMESPACES, None, "kube-system")
        self.asked += 1
        if self.answer is not None:
            raise self.answer
        return {"metadata": {"name": name, "uid": "0f8c", "resourceVersion": "1"}}


async def owner(answer: KubeError | None = None) -> str:
    return await cluster_owner(cast("KubeClient", Cluster(answer)))


async def test_the_id_of_the_cluster_is_the_name() -> None:
    assert await owner() == "0f8c"


@pytest.mark.parametrize("answer", [Forbidden(GET, "no right"), Gone(GET, "not there")])
async def test_where_a_person_must_do_something_it_is_said_what(answer: KubeError) -> None:
    with pytest.raises(OwnerUnknown, match=r"set ownerId .* no operator of another cluster has") as raised:
        await owner(answer)
    assert str(answer) in str(raised.value)


@pytest.mark.parametrize("answer", [Retryable(GET, "later"), Unauthorized(GET, "an old token")])
async def test_what_passes_is_no_reason_to_call_for_anybody(answer: KubeError) -> None:
    with pytest.raises(type(answer)):
        await owner(answer)


def test_the_cluster_is_asked_once_and_after_a_refusal_every_minute() -> None:
    cluster, config = Cluster(Forbidden(GET, "no right")), Config()
    made = SimpleNamespace(client=cluster, config=SimpleNamespace(current=lambda: config))
    name = OwnerName(cast("Context", made))

    async def ask() -> None:
        nonlocal config
        for _ in range(60):
            with pytest.raises(OwnerUnknown):
                await name()
            await asyncio.sleep(2)
        assert cluster.asked == 2
        cluster.answer = None
        assert (await name(), await name()) == ("0f8c", "0f8c")
        assert cluster.asked == 3
        config = Config.model_validate({"ownerId": "prod-eu"})
        assert await name() == "prod-eu"

    loop = VirtualLoop(lambda: None)
    try:
        loop.run_until_complete(ask())
    finally:
        loop.close()
