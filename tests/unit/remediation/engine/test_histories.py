"""Whatever is declared, dies, fails and is done by people: no write that was not allowed, and all is told."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from posture.config.model import Config
from posture.domain.findings import Compliance, Workflow
from posture.domain.remediation.journal import State
from posture.domain.time import HOUR, MINUTE, SECOND
from posture.remediation.engine.entries import read_entry
from tests.support.examples import seeds
from tests.support.hub_on_paper import GRANT
from tests.support.remediated.moments import ERRORS, LOST, arn_of, user_named
from tests.support.remediated.world import World
from tests.support.rules_on_paper import REMEDIATE

RULES = ("one", "two")
OPT_OUT = {"tags": [{"key": "Keep"}]}


class History:
    """A world, and what people and others do to it."""

    def __init__(self, path: Path, random: Random) -> None:
        self.random = random
        self.world = World(path, random)
        self.specs: dict[str, dict[str, Any]] = {}
        for name in RULES:
            self.declare(name)
        self.world.judge.note()
        self.world.noted = self.aim

    def aim(self, entry: str) -> None:
        """Have something happen just when an entry has moved: to its user or rule, or to the process."""
        if self.random.random() < 0.15:
            self.world.dies_at = self.world.moments + self.random.randrange(1, 20)
        if self.random.random() < 0.1:
            self.world.frozen_at = self.world.moments + self.random.randrange(1, 20)
        if self.random.random() < 0.15:
            self.world.fails_at[self.world.moments + self.random.randrange(1, 20)] = LOST
        if self.random.random() < 0.6:
            self.world.happens_at[self.world.moments + self.random.randrange(1, 16)] = lambda: self.hit(entry)

    def hit(self, entry: str) -> None:
        """Forbid what an entry is about, in one of many ways."""
        found = [each for each in self.world.api.of("Remediation") if each["metadata"]["name"] == entry]
        if not found:
            return
        user, rule = user_named(found[0]["spec"]["resource"]["id"]), found[0]["spec"]["ruleRef"]["name"]
        spec = self.specs.get(rule)
        world = self.world
        ways: list[Callable[[], object]] = [
            lambda: world.except_user(user),
            lambda: world.change_finding(user, workflow=Workflow.SUPPRESSED),
            lambda: world.change_finding(user, compliance=Compliance.PASSED, updated_at=world.now()),
            lambda: world.cloud.tags.update({user: {"kEEP": ""}}),
            lambda: world.edit("PostureTarget", "organization", suspend=True),
            lambda: self.configure([GRANT, REMEDIATE], "Frozen"),
            lambda: self.configure([GRANT]),
            lambda: self.set_key(user, "Inactive"),
            lambda: world.edit("Remediation", entry, undo=True),
        ]
        if spec is not None:
            ways += [
                lambda: self.redeclare(rule, mode="DryRun"),
                lambda: self.redeclare(rule, suspend=True),
                lambda: self.redeclare(rule, approval="Required"),
                lambda: self.redeclare(rule, exceptions=[{"resourceIds": [arn_of(user)]}]),
                lambda: self.remove(rule),
            ]
        self.random.choice(ways)()
        world.judge.note()

    def redeclare(self, name: str, **changed: Any) -> None:
        self.specs[name] = {**self.specs[name], **changed}
        self.world.declare_rule(name, **self.specs[name])

    def remove(self, name: str) -> None:
        del self.specs[name]
        self.world.remove("RemediationRule", name)

    def declare(self, name: str) -> None:
        """Declare a rule, mostly one that acts."""
        draw = self.random
        self.specs[name] = {
            "mode": draw.choice(("Enforce", "Enforce", "Enforce", "DryRun")),
            "suspend": draw.random() < 0.1,
            "optOut": OPT_OUT,
            "approval": draw.choice(("NotRequired", "NotRequired", "Required")),
            "exceptions": [{"resourceIds": [arn_of("user-2")]}] if draw.random() < 0.2 else [],
            "limits": {
                "perCycle": draw.choice((1, 2, 10)),
                "perDay": draw.choice((1, 2, 10, 100)),
                "percent": draw.choice((30, 60, 100, 100)),
                "concurrent": draw.choice((1, 2)),
                "perResource": {"max": draw.choice((1, 3, 30)), "per": "2160h"},
            },
        }
        self.world.declare_rule(name, **self.specs[name])

    def change(self) -> None:
        """Have something happen."""
        self.random.choice(
            (
                self.change_rule,
                self.change_rule,
                self.change_target,
                self.change_configuration,
                self.change_policy,
                self.change_finding,
                self.change_finding,
                self.change_key,
                self.change_tags,
                self.approve,
                self.approve,
                self.approve,
                self.undo,
                self.undo,
                self.change_lease,
            )
        )()
        self.world.judge.note()

    def change_rule(self) -> None:
        name = self.random.choice(RULES)
        if name in self.specs and self.random.random() < 0.2:
            self.remove(name)
        else:
            self.declare(name)

    def change_target(self) -> None:
        self.world.edit("PostureTarget", "organization", suspend=self.random.random() < 0.3)

    def change_configuration(self) -> None:
        grants = [GRANT, REMEDIATE] if self.random.random() < 0.8 else [GRANT]
        writes = "Frozen" if self.random.random() < 0.2 else "Enabled"
        self.configure(grants, writes)

    def configure(self, grants: list[Any], writes: str = "Enabled") -> None:
        self.world.config = Config.model_validate({"ownerId": "us", "grants": grants, "writes": writes})

    def change_policy(self) -> None:
        user = self.user()
        if self.random.random() < 0.5:
            self.world.except_user(user)
        else:
            self.world.remove("SuppressionPolicy", f"except-{user}")

    def change_finding(self) -> None:
        compliance = self.random.choice((Compliance.FAILED, Compliance.FAILED, Compliance.PASSED))
        workflow = {"workflow": Workflow.SUPPRESSED} if self.random.random() < 0.2 else {}
        if self.random.random() < 0.3:
            workflow = {"workflow": Workflow.NEW}
        self.world.change_finding(self.user(), compliance=compliance, updated_at=self.world.now(), **workflow)

    def change_key(self) -> None:
        self.set_key(self.user(), self.random.choice(("Active", "Active", "Inactive")))

    def set_key(self, user: str, to: str) -> None:
        keys = self.world.cloud.keys[user]
        keys[self.random.choice(sorted(keys))] = to
        self.world.changed_at[user] = self.world.moments

    def change_tags(self) -> None:
        self.world.cloud.tags[self.user()] = {"kEEP": ""} if self.random.random() < 0.4 else {}

    def approve(self) -> None:
        for each in self.world.api.of("Remediation"):
            if read_entry(each).entry.state is State.AWAITING_APPROVAL and self.random.random() < 0.7:
                approval = {"by": "alice", "planHash": each["spec"]["planHash"]}
                self.world.edit("Remediation", each["metadata"]["name"], approval=approval)

    def undo(self) -> None:
        entries = self.world.api.of("Remediation")
        if entries:
            self.world.edit("Remediation", self.random.choice(entries)["metadata"]["name"], undo=True)

    def change_lease(self) -> None:
        self.world.hub.left = self.random.choice((0.0, 60.0, 60.0, 60.0))

    def user(self) -> str:
        return self.random.choice(sorted(self.world.cloud.keys))

    def soon(self) -> int:
        return self.world.moments + self.random.randrange(1, 60)

    async def step(self) -> None:
        """Let something happen, then run a cycle in which more of it does."""
        if self.random.random() < 0.4:
            self.clear_up()
        for _ in range(self.random.randrange(3)):
            self.change()
        if self.random.random() < 0.6:
            self.world.poll()
        if self.random.random() < 0.3:
            self.world.dies_at = self.soon()
        if self.random.random() < 0.3:
            self.world.fails_at[self.soon()] = self.random.choice(ERRORS)
        if self.random.random() < 0.5:
            self.world.happens_at[self.soon()] = self.change
        await self.world.cycle()
        self.world.calm()
        self.world.hub.ahead += self.random.choice((SECOND, 31 * SECOND, 31 * SECOND, 6 * MINUTE, 9 * HOUR))

    def clear_up(self) -> None:
        """Take away what forbids writes, so that there is something to write again."""
        world = self.world
        self.configure([GRANT, REMEDIATE])
        world.edit("PostureTarget", "organization", suspend=False)
        world.hub.left = 60.0
        for user in world.cloud.keys:
            world.remove("SuppressionPolicy", f"except-{user}")
            world.cloud.tags[user] = {}
            world.change_finding(
                user, compliance=Compliance.FAILED, workflow=Workflow.NEW, updated_at=world.now()
            )
            self.set_key(user, "Active")
        for name in RULES:
            self.declare(name)
        for each in world.api.of("Remediation"):
            if each["spec"].get("undo") and read_entry(each).entry.is_finished:
                # Whoever may forget an entry takes what it counts.
                world.forgotten.add(each["metadata"]["name"])
                world.remove("Remediation", each["metadata"]["name"])
        world.judge.note()

    async def settle(self) -> None:
        """Let everything come to its end: nothing fails, and nobody does anything any more."""
        self.world.noted, self.world.flaky = lambda _: None, 0.0
        self.world.hub.left = 60.0
        self.configure([GRANT, REMEDIATE])
        self.world.edit("PostureTarget", "organization", suspend=False)
        self.world.judge.note()
        for _ in range(14):
            self.world.poll()
            await self.world.cycle()
            self.world.hub.ahead += HOUR


@seeds(30)
async def test_nothing_is_written_that_was_not_allowed_and_the_journal_tells_all(
    tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    history = History(tmp_path, Random(seed))
    world = history.world
    for _ in range(25):
        await history.step()
        assert world.judge.wrong == []
    await history.settle()
    assert world.judge.wrong == []
    entries = [read_entry(each, world.now()) for each in world.api.of("Remediation")]
    assert [each.name for each in entries if each.entry.is_going] == []
    told = {each.entry.name: {sub.name for sub in each.subs} for each in entries}
    untold = [
        each
        for each in world.cloud.log
        if each.key not in told.get(each.entry, ()) and each.entry not in world.forgotten
    ]
    assert untold == [], "what was written is told"
    agree(history)
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


def agree(history: History) -> None:
    """Hold each entry against what was written for it, of users whose keys nobody else has changed."""
    world = history.world
    for each in map(read_entry, world.api.of("Remediation")):
        if world.changed_at[user_named(each.entry.resource.id)] >= 0:
            continue
        written = {
            sub.name: [
                one.to for one in world.cloud.log if (one.entry, one.key) == (each.entry.name, sub.name)
            ]
            for sub in each.subs
        }
        ends: dict[State | None, list[list[str]]] = {
            State.SKIPPED: [[]],
            State.SUCCEEDED: [["Inactive"]],
            # A person may call off what has not been written yet.
            State.UNDONE: [["Inactive", "Active"], []],
        }
        for key, calls in written.items():
            if each.entry.state in ends:
                assert calls in ends[each.entry.state], (each.name, each.entry.state, key)
