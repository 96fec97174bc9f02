"""Whatever happens, and whoever is there to see it: nothing is planned before its delay has passed."""

from pathlib import Path
from random import Random
from typing import Any

from posture.domain.findings import Compliance, RecordState, Workflow
from posture.domain.remediation.history import FieldChange, HistoryRecord
from posture.domain.time import HOUR, MINUTE
from posture.store.records import Read
from tests.support.examples import seeds
from tests.support.hub_on_paper import policy
from tests.support.policies import NOW
from tests.support.rules_on_paper import RuleScene, of_user, rule

DELAY = 2 * HOUR
STEP = 10 * MINUTE
SHOWN = {
    "compliance": ("Compliance.Status", (Compliance.FAILED, Compliance.PASSED, Compliance.WARNING)),
    "workflow": ("Workflow.Status", (Workflow.NEW, Workflow.SUPPRESSED)),
    "record_state": ("RecordState", tuple(RecordState)),
}
PROTECTING = policy("dry", suppressFindings={"match": [{"controls": ["IAM.1"]}]}, mode="DryRun")


class World:
    """One finding, its history, and since when nothing has kept the rule from its resource."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.finding = of_user()
        self.told: list[HistoryRecord] = []
        self.open_since: int | None = 0
        self.protected = False
        self.scenes = 0
        self.scene = self.new_scene()

    def new_scene(self) -> RuleScene:
        """Begin with an empty store, in the same world."""
        self.scenes += 1
        folder = self._folder / str(self.scenes)
        folder.mkdir()
        scene = RuleScene(folder, [], rule(delay="2h"))
        scene.cloud.told[self.finding.id] = self.told
        if self.protected:
            scene.api.put(PROTECTING)
        self.scene = scene
        return scene

    def change(self, name: str, value: Compliance | Workflow | RecordState, now: int) -> None:
        """Change the finding as its provider or a person does."""
        before = getattr(self.finding, name)
        if value is before:
            return
        fields: dict[str, Any] = {name: value}
        if name == "compliance":
            fields["updated_at"] = now
        self.finding = self.finding._replace(**fields)
        field = FieldChange(SHOWN[name][0], before.name, value.name)
        self.told.insert(0, HistoryRecord(now, created=False, fields=(field,)))
        self.note(now)

    def protect(self, now: int, *, protected: bool) -> None:
        """Make a policy, or take it away."""
        self.protected = protected
        if protected:
            self.scene.api.put(PROTECTING)
        else:
            self.scene.api.objects.pop(PROTECTING["metadata"]["uid"], None)
        self.note(now)

    def note(self, now: int) -> None:
        fine = (Compliance.FAILED, Workflow.NEW, RecordState.ACTIVE)
        shown = self.finding.compliance, self.finding.workflow, self.finding.record_state
        if shown != fine or self.protected:
            self.open_since = None
        elif self.open_since is None:
            self.open_since = now

    async def poll(self, now: int) -> bool:
        """Read what is so now, and plan; return whether the resource would be remediated."""
        hub = self.scene.hub
        hub.ahead = now - NOW
        hub.findings._note(hub.store.write([Read([self.finding], now)]))
        await self.scene.later(now - NOW)
        return self.scene.totals() == {"Planned": 1}

    def happen(self, random: Random, now: int) -> None:
        """Let one thing happen, or nothing: what turns and turns back between two looks nobody sees."""
        if self.open_since is None and random.random() < 0.4:
            for name, (_, values) in SHOWN.items():
                self.change(name, values[0], now)
            self.protect(now, protected=False)
        elif random.random() < 0.04:
            name = random.choice(list(SHOWN))
            self.change(name, random.choice(SHOWN[name][1]), now - random.randrange(STEP - 1))
        elif random.random() < 0.02:
            self.protect(now, protected=True)

    def be_away(self, random: Random, now: int) -> int:
        """Let the operator be away while things happen, and come back with its store or without it.

        Returns when that is.
        """
        for _ in range(random.randrange(4)):
            now += STEP
            if random.random() < 0.3:
                name = random.choice(list(SHOWN))
                for value in (*random.sample(SHOWN[name][1], 2), SHOWN[name][1][0]):
                    now += 1
                    self.change(name, value, now)
        if random.random() < 0.2:
            self.new_scene()
        self.scene.restart()
        return now + 1


@seeds(40)
async def test_it_is_never_shorter_and_passes_where_somebody_watches(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    world = World(tmp_path)
    now, watched_since = NOW, NOW
    for _ in range(70):
        now += STEP
        world.happen(random, now - 1)
        if random.random() < 0.08:
            now = watched_since = world.be_away(random, now)
        planned, since = await world.poll(now), world.open_since
        if planned:
            assert since is not None
            assert since + DELAY <= now, "never shorter"
        elif since is not None:
            assert max(since, watched_since) + DELAY + STEP > now, "and it passes where somebody watches"
