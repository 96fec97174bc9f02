"""The outputs of the configuration: who may publish where, and what becomes of an output that changes."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from posture.config.file import ConfigFile
from posture.config.outputs import CloudWatchOutput
from posture.kube.leadership import always
from posture.publish.cloudwatch.output import CloudWatchDestination
from posture.publish.outputs import OutputDefinition, OutputSinks
from posture.publish.reports import TargetReport
from posture.publish.sink import Delivery, PublishingTarget
from tests.support.published import evaluation, publication, report


class Destination:
    """Notes what it is told."""

    kind = "cloudwatch"

    def __init__(self, definition: CloudWatchOutput) -> None:
        self.definition = definition
        self.expected: list[str] = []
        self.shown: list[str] = []
        self.withdrawn: list[str] = []
        self.ended = False

    @property
    def sender(self) -> Any:
        return type(
            "Sender", (), {"sent": 1, "failed": {"Throttled": 2}, "dropped": 3, "length": 4, "oldest": 5}
        )

    def expect(self, publications: list[PublishingTarget]) -> None:
        self.expected = [each.uid for each in publications]

    def show(self, uid: str, _: TargetReport, __: object) -> None:
        self.shown.append(uid)

    def withdraw(self, uid: str) -> None:
        self.withdrawn.append(uid)

    def delivery(self, uid: str) -> Delivery:
        return Delivery(self.definition.name, 7, len(uid))

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


class World:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "posture.yaml"
        self.write({"name": "posture-metrics", "namespaces": ["security", "team-*"], "region": "eu-west-1"})
        self.file = ConfigFile(self.path)
        self.made: list[Destination] = []
        self.outputs = OutputSinks(self.file, self.make)

    def write(self, *outputs: dict[str, Any]) -> None:
        self.path.write_text(yaml.safe_dump({"outputs": {"cloudWatch": list(outputs)}}), "utf-8")

    def make(self, definition: OutputDefinition) -> CloudWatchDestination:
        assert isinstance(definition, CloudWatchOutput)
        self.made.append(Destination(definition))
        return cast("CloudWatchDestination", self.made[-1])

    def reason(self, uid: str, namespace: str, output: str = "posture-metrics") -> str | None:
        (delivery,) = self.outputs.deliveries(uid, namespace, [output])
        return None if delivery.trouble is None else delivery.trouble.reason


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_who_may_publishes_and_who_may_not_is_told(world: World) -> None:
    async with world.outputs as outputs:
        others = publication("x", namespace="others")
        outputs.declare([publication("u"), others, publication("v", "payments", "team-a")])
        (made,) = world.made
        assert made.expected == ["u", "v"]
        told = report(evaluation(1), now=1)
        for uid in ("u", "x", "v", "stranger"):
            await outputs.show_target(uid, told, always)
        await asyncio.sleep(0)  # its task begins
        assert made.shown == ["u", "v"]
        assert world.reason("u", "security") is None
        assert world.reason("x", "others") == "NotGranted"
        assert world.reason("u", "security", "missing") == "OutputNotFound"
        assert outputs.deliveries("u", "security", ["posture-metrics"]) == [Delivery("posture-metrics", 7, 1)]
        outputs.withdraw_target("u")
        assert made.withdrawn == ["u"]
        assert [tuple(each) for each in outputs.numbers()] == [
            ("posture-metrics", "cloudwatch", 1, {"Throttled": 2}, 3, 4, 5)
        ]
    assert made.ended


async def test_of_two_targets_of_one_name_the_older_one_publishes(world: World) -> None:
    """Both would be one metric, whose values are of now this and now that."""
    async with world.outputs as outputs:
        outputs.declare([publication("u", namespace="team-b"), publication("v", namespace="security")])
        assert world.made[0].expected == ["u"]
        assert world.reason("u", "team-b") is None
        assert world.reason("v", "security") == "NameTaken"
        outputs.declare([publication("v", namespace="security")])
        assert world.reason("v", "security") is None


async def test_an_output_follows_the_configuration(world: World) -> None:
    async with world.outputs as outputs:
        outputs.declare([publication("u")])
        world.write({"name": "posture-metrics", "namespaces": ["others"], "region": "eu-west-1"})
        world.file.reload_if_changed()
        outputs.declare([publication("u")])
        # Who may use it is no reason to begin anew.
        assert (len(world.made), world.made[0].expected) == (1, [])
        assert world.reason("u", "security") == "NotGranted"
        world.write({"name": "posture-metrics", "namespaces": ["security"], "region": "eu-west-2"})
        world.file.reload_if_changed()
        outputs.declare([publication("u")])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [each.definition.region for each in world.made] == ["eu-west-1", "eu-west-2"]
        world.write()
        world.file.reload_if_changed()
        outputs.declare([publication("u")])
        assert world.reason("u", "security") == "OutputNotFound"
        assert outputs.numbers() == []
        await outputs.show_target("u", report(evaluation(1), now=1), always)
