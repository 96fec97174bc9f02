"""Policies whose spec cannot be read, or that name what is not there, let go of nothing too early."""

from collections.abc import Callable
from typing import Any

import pytest

from posture.domain.findings import Workflow
from posture.suppression.findings.hub import HubSuppression
from tests.support.hub_on_paper import Scene, policy, settle, target, task
from tests.support.rows import EC2_2, FSBP, finding

PCI = "pci-dss/v/3.2.1"


@pytest.mark.parametrize("standards", [[PCI], [PCI, FSBP]])
async def test_a_standard_that_only_a_member_has_is_suppressed_in(
    scenes: Callable[..., Scene], standards: list[str]
) -> None:
    """The hub's own account has FSBP alone; the finding says that PCI DSS is enabled where it is from."""
    scene = scenes(
        target(source={"securityStandards": {"standards": standards}}),
        policy("logs", suppressFindings={"match": [{"controls": ["EC2.2"]}]}),
        findings=[finding(1, check=EC2_2)],
    )
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}


async def test_a_slip_in_the_name_of_a_standard_reopens_nothing(scenes: Callable[..., Scene]) -> None:
    scene = scenes(target(source={"securityStandards": {"standards": [FSBP]}}), policy("logs"))
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    scene.api.put({**target(source={"securityStandards": {"standards": [FSBP.replace("aws", "asw")]}})})
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}


async def unreadable(scene: Scene, work: HubSuppression, **spec: Any) -> None:
    """Have a policy in effect, and then written by a newer version, of which this one cannot read all."""
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    newer = scene.api.listed("logs")
    newer["spec"] |= {"suppressFindings": {"matchAnything": True}, "approvals": [{"by": "x"}], **spec}
    newer["metadata"]["generation"] = 2
    scene.api.put(newer)
    await settle(scene, work)


async def test_a_policy_that_cannot_be_read_protects_what_it_holds_until_it_is_deleted(
    scenes: Callable[..., Scene],
) -> None:
    scene = scenes(target(), policy("logs"))
    work = task(scene)
    await unreadable(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    assert scene.reason("logs") == ("False", "InvalidSpec")
    dying = scene.api.listed("logs")
    dying["metadata"]["deletionTimestamp"] = "2026-11-22T05:59:00Z"
    scene.api.put(dying)
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.NEW}
    assert "logs" not in {each["metadata"]["name"] for each in scene.api.objects.values()}


@pytest.mark.parametrize(
    ("end", "workflow"),
    [
        ("2026-11-22T05:00:00Z", Workflow.NEW),
        ("2027-11-22T05:00:00Z", Workflow.SUPPRESSED),
        ("after the audit", Workflow.SUPPRESSED),
        ("2026-11-22", Workflow.SUPPRESSED),
        ({"after": "30d"}, Workflow.SUPPRESSED),
        (None, Workflow.SUPPRESSED),
    ],
)
async def test_a_policy_that_cannot_be_read_ends_when_its_end_can_be(
    scenes: Callable[..., Scene], end: object, workflow: Workflow
) -> None:
    scene = scenes(target(), policy("logs"))
    await unreadable(scene, task(scene), expiresAt=end)
    assert scene.hub.workflows() == {workflow}
    expired = scene.reason("logs")[1] == "Expired"
    assert expired == (workflow is Workflow.NEW)
