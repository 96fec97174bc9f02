"""A standard that the hub's own account and Region have not enabled counts where it is enabled."""

from dataclasses import replace
from typing import Any, cast

import pytest

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.domain.standards import ControlAssociation, Controls, Standard
from posture.hubs.hub import Hub
from posture.kube.resources import Object
from posture.reconcile.access import Admitted
from tests.support.hub_facts import facts
from tests.support.running_target import KEY, MINUTE, STANDARD, TARGET, Cluster, Running, SkewedHub

AT_HOME = Standard("home/v/1", "arn", {"S3.9": ControlAssociation("S3.9", enabled=True)})
NOWHERE = "no-such/v/1"


class HubOfMembers(SkewedHub):
    """A hub in whose members alone a standard is enabled, of which it has a finding."""

    def __init__(self, **known: Any) -> None:
        super().__init__(0, MINUTE, polled=True)
        self.status = replace(self.status, facts=facts(AT_HOME, **known))

    def controls(self) -> Controls:
        return Controls({AT_HOME.name: AT_HOME})


def running(hub: SkewedHub, *standards: str) -> tuple[Running, Cluster]:
    document: Object = {
        "metadata": TARGET["metadata"],
        "spec": {**TARGET["spec"], "source": {"securityStandards": {"standards": list(standards)}}},
    }
    task = Running(hub)
    admitted = Admitted(parse(PostureTarget, document), KEY, ("*",))
    task.target.update(document, admitted, cast("Hub", hub), lambda: True)
    return task, task.cluster


def condition(cluster: Cluster, kind: str) -> tuple[str, str]:
    conditions = {each["type"]: each for each in cluster.status["conditions"]}
    return conditions[kind]["status"], conditions[kind]["reason"]


async def test_a_standard_that_only_members_have_is_scored() -> None:
    task, cluster = running(HubOfMembers(), STANDARD.name)
    async with task:
        await cluster.says("Exact")
        assert (cluster.status["score"], cluster.status["scored"]) == (100, 1)
        assert [each["standard"] for each in cluster.status["standards"]] == [STANDARD.name]
        assert condition(cluster, "Stalled")[0] == "False"


async def test_a_standard_that_nobody_has_is_told_and_the_others_stay() -> None:
    task, cluster = running(HubOfMembers(), STANDARD.name, NOWHERE)
    async with task:
        await cluster.says("StandardNotEnabled")
        assert condition(cluster, "Stalled") == ("True", "StandardNotEnabled")
        message = next(each["message"] for each in cluster.status["conditions"] if each["type"] == "Stalled")
        assert NOWHERE in message
        assert STANDARD.name not in message
        assert "score" not in cluster.status
        assert [(each["standard"], each["score"]) for each in cluster.status["standards"]] == [
            (STANDARD.name, 100)
        ]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"administrator": True}, "Syncing"),
        ({"administrator": False, "aggregation_region": "eu-west-1"}, "Syncing"),
        ({"administrator": False, "aggregation_region": "us-east-1"}, "StandardNotEnabled"),
        ({"administrator": False}, "StandardNotEnabled"),
    ],
)
async def test_before_the_findings_are_read_it_is_known_only_where_there_is_nobody_else(
    known: dict[str, Any], told: str
) -> None:
    hub = HubOfMembers(**known)
    hub.status = replace(hub.status, exact_at=None, progress=0.5)
    task, cluster = running(hub, NOWHERE)
    async with task:
        await cluster.told()
        ready = condition(cluster, "Ready")
        assert (ready[1] == "StandardNotEnabled") == (told == "StandardNotEnabled")
        assert condition(cluster, "Stalled")[0] == str(told == "StandardNotEnabled")
