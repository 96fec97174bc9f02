"""A remediation repeats the annotation by which a run was asked for, once that run has ended."""

from pathlib import Path
from random import Random

from posture.api.model import REQUESTED_AT
from tests.support.remediated.world import World


async def test_what_an_entry_was_asked_for_is_repeated_when_the_run_has_ended(tmp_path: Path) -> None:
    world = World(tmp_path, Random(0))
    world.flaky = 0.0
    at_most = dict.fromkeys(("perCycle", "perDay", "concurrent"), 9)
    limits = {**at_most, "percent": 100, "perResource": {"max": 2, "per": "24h"}}
    world.declare_rule("one", mode="Enforce", limits=limits, delay="0s")
    for _ in range(3):
        world.poll()
        await world.cycle()
    entries = world.api.of("Remediation")
    assert entries
    for each in entries:
        each["metadata"]["annotations"] = {REQUESTED_AT: "now"}
        world.api.put(each)
    assert all("lastHandledRequest" not in each["status"] for each in entries)
    await world.cycle()
    asked = world.api.of("Remediation")
    assert [each["status"]["lastHandledRequest"] for each in asked] == ["now"] * len(entries)
    versions = [each["metadata"]["resourceVersion"] for each in asked]
    await world.cycle()
    again = world.api.of("Remediation")
    assert [each["metadata"]["resourceVersion"] for each in again] == versions, "it is written once"
