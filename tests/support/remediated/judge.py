"""Holds each write against what was declared, what the journal says, and what was written before."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from posture.domain.findings import Compliance, Workflow
from posture.domain.remediation.journal import State
from posture.domain.time import DAY
from posture.kube.resources import Object
from posture.remediation.engine.entries import JournalEntry, read_entry
from tests.support.hub_on_paper import GRANT
from tests.support.remediated.moments import user_named
from tests.support.rules_on_paper import REMEDIATE

if TYPE_CHECKING:
    from tests.support.remediated.world import World


class Judge:
    """Knows since which moment each thing forbids a write. `wrong`: what was written all the same."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.wrong: list[str] = []
        self.since: dict[str, int] = {}

    def note(self) -> None:
        """Note since when each thing that forbids a write has held. To be called after each change."""
        holding = set(self._forbidding())
        self.since = {each: self.since.get(each, self._world.moments) for each in holding}

    def _forbidding(self) -> list[str]:
        """Return all that forbids writes now: for everybody, a rule, a user, or a rule and a user."""
        found = ["frozen"] if self._world.config.frozen else []
        if len(self._world.config.grants) < len((GRANT, REMEDIATE)):
            found.append("*/*")
        (organization,) = self._world.api.of("PostureTarget")
        if organization["spec"].get("suspend"):
            found.append("*/*")
        rules = {each["metadata"]["name"]: each["spec"] for each in self._world.api.of("RemediationRule")}
        for name in ("one", "two"):
            spec = rules.get(name)
            if spec is None or spec.get("suspend") or spec.get("mode") != "Enforce":
                found.append(f"{name}/*")
            for each in (spec or {}).get("exceptions", ()):
                found += [f"{name}/{user_named(arn)}" for arn in each["resourceIds"]]
        found += [
            f"*/{each['metadata']['name'].removeprefix('except-')}"
            for each in self._world.api.of("SuppressionPolicy")
        ]
        for each in self._world.truth.findings.values():
            if each.workflow is Workflow.SUPPRESSED or each.compliance is Compliance.PASSED:
                found.append(f"*/{user_named(each.resources[0].id)}")
        found += [f"tag/{user}" for user, tags in self._world.cloud.tags.items() if tags]
        return found

    def hold(self, user: str, key: str, to: str, entry_name: str) -> None:
        """Hold one write against what is declared, what the journal says, and what was written before."""
        found = [each for each in self._world.api.of("Remediation") if each["metadata"]["name"] == entry_name]
        said = [
            f"{what}: {user}/{key} to {to} for {entry_name}" for what in self._against(user, key, to, found)
        ]
        self.wrong += said

    def _against(self, user: str, key: str, to: str, found: Sequence[Object]) -> Iterator[str]:
        """Yield what speaks against a write."""
        if not found:
            yield "no entry in the journal"
            return
        entry, looked = read_entry(found[0], self._world.now()), self._world.looked_at[user]
        if entry.entry.state is not (State.RUNNING if to == "Inactive" else State.UNDOING):
            yield f"the entry is {entry.entry.state}"
        sub = next((each for each in entry.subs if each.name == key), None)
        if sub is None or sub.before != {"Status": "Active"} or sub.after != {"Status": "Inactive"}:
            yield "the journal does not say what was before"
        if self._world.hub.left <= 0:
            yield "the lease is over"
        is_news = self._world.changed_at[user] >= min(looked, self._world.tags_read_at[user])
        under_way = any((each.user, each.key, each.to) == (user, key, to) for each in self._world.late)
        if under_way or (self._world.cloud.keys[user].get(key) == to and not is_news):
            yield "it is written twice"
        if to == "Inactive":
            yield from self._against_now(user, key, entry)
        elif self.since.get("frozen", math.inf) < self._world.cycle_at:
            yield "writes are frozen"

    def _against_now(self, user: str, key: str, entry: JournalEntry) -> Iterator[str]:
        """Yield what was declared against it since before it was looked at."""
        rule, looked = entry.entry.rule.partition("/")[2], self._world.looked_at[user]
        for what in ("*/*", "frozen", f"{rule}/*", f"*/{user}", f"{rule}/{user}"):
            if self.since.get(what, math.inf) < looked:
                yield f"{what} forbids it"
        if self.since.get(f"tag/{user}", math.inf) < max(looked, self._world.tags_read_at[user]):
            yield "it is opted out"
        if self._world.changed_at[rule] < looked:
            yield from self._against_limits(rule, user, key, entry)

    def _against_limits(self, name: str, user: str, key: str, entry: JournalEntry) -> Iterator[str]:
        """Yield which limits of a rule a write would pass, by what was truly written."""
        spec = next(
            each["spec"] for each in self._world.api.of("RemediationRule") if each["metadata"]["name"] == name
        )
        limits = spec["limits"]
        if spec.get("approval") == "Required" and not entry.entry.is_approved:
            yield "nobody has approved it"
        entries = [
            each
            for each in map(read_entry, self._world.api.of("Remediation"))
            if each.entry.rule.endswith(f"/{name}")
        ]
        own = [
            each
            for each in self._world.cloud.log
            if self._world.rules_of[each.entry] == name and each.entry not in self._world.forgotten
        ]
        lately = [each for each in own if each.at > self._world.now() - DAY]
        # What was lost may have been written twice: it is one write of the plan.
        calls = {(each.entry, each.key, each.to) for each in lately} | {(entry.entry.name, key, "Inactive")}
        if len(calls) > limits["perDay"]:
            yield f"perDay {limits['perDay']}"
        cycle = {(each.entry, each.key) for each in own if each.at >= self._world.cycle_began} | {
            (entry.entry.name, key)
        }
        if len(cycle) > limits["perCycle"]:
            yield f"perCycle {limits['perCycle']}"
        users, most = (
            {each.user for each in lately},
            -(-len(self._world.cloud.keys) * limits["percent"] // 100),
        )
        if user not in users and len(users) >= most:
            yield f"percent {limits['percent']}"
        times = {each.entry for each in own if each.user == user} | {entry.entry.name}
        if len(times) > limits["perResource"]["max"]:
            yield f"perResource {limits['perResource']['max']}"
        if sum(each.entry.is_going for each in entries) > limits["concurrent"]:
            yield f"concurrent {limits['concurrent']}"
