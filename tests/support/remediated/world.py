"""A world in memory in which rules are carried out: an API server, Security Hub, users with keys, people.

Whatever is awaited is a moment: at any of them the process may die, a call may fail or lose its answer, and
the world may change. What is written is held against what was declared since before the last look.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from posture.config.model import Config
from posture.domain.findings import Check, CheckSource, Resource
from posture.domain.time import DAY, SECOND
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.kube.errors import Retryable as KubeRetryable
from posture.kube.resources import name_of
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.access import Admitted, admit
from posture.reconcile.context import Context
from posture.remediation.declared import declare_rule
from posture.remediation.engine.accounts import Accounts
from posture.remediation.hub import HubRemediation, HubRules
from posture.remediation.policies import PolicyReader
from posture.store.records import Read
from tests.support.hub_on_paper import GRANT, HubOnPaper, policy, target
from tests.support.policies import NOW
from tests.support.remediated.cloud import Cloud, Members, SecurityHub
from tests.support.remediated.judge import Judge
from tests.support.remediated.moments import CALL, LOST, Died, Written, arn_of, user_named
from tests.support.remediated.server import Server
from tests.support.rows import FSBP, finding
from tests.support.rules_on_paper import GRANTED, REMEDIATE, rule

IAM_1 = Check("Security Hub", CheckSource.SECURITY_HUB, "IAM.1", numbered=False, standards=(FSBP,))


class World:
    """Everything. `random`: decides what happens at which moment."""

    def __init__(self, path: Path, random: Random) -> None:
        self.random = random
        self.moments = 0
        self.cycle_at = 0
        self.cycle_began = 0
        self.rules_of: dict[str, str] = {}
        self.forgotten: set[str] = set()
        self.changed_at: dict[str, int] = defaultdict(lambda: -1)
        self.looked_at: dict[str, int] = defaultdict(int)
        self.tags_read_at: dict[str, int] = defaultdict(int)
        self.judge = Judge(self)
        self.dies_at: float = math.inf
        self.frozen_at: float = math.inf
        """The moment at which the process stands still, until another one has taken over and run a cycle."""
        self.flaky = 0.2
        self.late: list[Written] = []
        self.noted: Callable[[str], None] = lambda _: None
        self.fails_at: dict[int, BaseException] = {}
        self.happens_at: dict[int, Callable[[], None]] = {}
        users = {f"user-{n}": [f"AKIA{n}{m}" for m in range(random.choice((1, 2)))] for n in range(3)}
        self.cloud = Cloud(self, users)
        made = [
            finding(
                number,
                check=IAM_1,
                resources=(Resource("AwsIamUser", f"arn:aws:iam::{GRANTED}:user/{user}"),),
                updated_at=NOW - DAY,
            )
            for number, user in enumerate(users)
        ]
        self.hub = HubOnPaper(path, made)
        self.hub.know_turned_off({})
        self.truth = SecurityHub(self, made)
        self.config = Config.model_validate({"ownerId": "us", "grants": [GRANT, REMEDIATE]})
        self.api = Server(self, {**target(), "kind": "PostureTarget"})
        self._reader = PolicyReader()
        self.task = self._begun()

    def now(self) -> int:
        """Return the moment, µs."""
        return self.hub.now()

    async def moment(self, kind: str) -> None:
        """Let happen what happens now."""
        self.moments += 1
        if (happens := self.happens_at.pop(self.moments, None)) is not None:
            happens()
        # What is sent is sent before the Lease ends, or not at all: that is the client's promise.
        if self.moments >= self.frozen_at and kind != "write":
            await self._take_over()
        if self.moments >= self.dies_at:
            self.dies_at = math.inf
            raise Died
        error = self.fails_at.pop(self.moments, None)
        if error is None:
            return
        if kind == "api":
            raise KubeRetryable(CALL, "away")
        # AWS does not refuse what it has done.
        raise LOST if kind == "answer" else error

    def _begun(self) -> HubRemediation:
        world = SimpleNamespace(
            client=self.api,
            events=self.api,
            config=SimpleNamespace(current=lambda: self.config, reload_if_changed=lambda: False),
            sink=PrometheusSink(Exposition()),
            namespaces=None,
            writers=Writers("posture/posture-operator"),
            security_hub=lambda _key: self.truth,
            sessions=None,
            limiters=None,
            usage=None,
        )
        members = cast("Accounts", Members(self.cloud))
        task = HubRemediation(cast("Context", world), cast("Hub", self.hub), accounts=members)
        clearance = task._round._executor._clearance
        asked = clearance.of

        async def of(ask: Any, picture: Any) -> Any:
            self.looked_at[user_named(ask.candidate.resource.id)] = self.moments
            return await asked(ask, picture)

        clearance.of = of  # type: ignore[method-assign]
        return task

    async def cycle(self) -> None:
        """List, and run a cycle. A process that dies is followed by another one."""
        self.task.update(self._listed())
        self.task._ran, self.cycle_at = -math.inf, self.moments
        self.cycle_began = self.hub.status.exact_at or self.now()
        left, began = self.hub.left, self.task
        with suppress(KubeError):
            try:
                await began._cycle()
            except Died:
                if self.task is began:
                    self.task = self._begun()
        if self.task is not began:
            # Whoever took over leads on.
            self.hub.left = left

    def _listed(self) -> HubRules:
        targets, rules = self.api.of("PostureTarget"), self.api.of("RemediationRule")
        admissions = {name_of(each): (each, admit(each, self.config)) for each in targets}
        admitted = {name: each for name, (_, each) in admissions.items() if isinstance(each, Admitted)}
        policies = self._reader.read(self.api.of("SuppressionPolicy"))
        declared = [declare_rule(each, admissions, self.config) for each in rules]
        return HubRules(declared, admitted, policies, self.api.of("Remediation"))

    async def _take_over(self) -> None:
        """Let another process lead and run a cycle, half a minute later: this one has lost its Lease then."""
        self.frozen_at = math.inf
        self.hub.ahead += 31 * SECOND
        self.task = self._begun()
        self.task.update(self._listed())
        with suppress(KubeError):
            await self.task._cycle()
        self.hub.left = 0.0

    def calm(self) -> None:
        """Let nothing happen of itself any more; what is under way arrives."""
        for each in self.late:
            self.cloud.arrive(each)
        self.late.clear()
        self.dies_at = self.frozen_at = math.inf
        self.fails_at.clear()
        self.happens_at.clear()

    def poll(self) -> None:
        """Have the operator learn what Security Hub says."""
        self.hub.findings._note(self.hub.store.write([Read(list(self.truth.findings.values()), self.now())]))
        self.hub.status = replace(self.hub.status, exact_at=self.now())
        self.hub.poll()

    # What is declared.

    def declare_rule(self, name: str, **spec: Any) -> None:
        """Declare a rule, or change it."""
        before = next(
            (each for each in self.api.of("RemediationRule") if each["metadata"]["name"] == name), None
        )
        document = {**rule(name, **spec), "kind": "RemediationRule"}
        if before is not None:
            document["metadata"]["generation"] = before["metadata"]["generation"] + 1
            document["status"] = before.get("status", {})
        self.api.put(document)
        self.changed_at[name] = self.moments

    def remove(self, kind: str, name: str) -> None:
        """Delete an object."""
        self.changed_at[name] = self.moments
        for each in self.api.of(kind):
            if each["metadata"]["name"] == name:
                del self.api.objects[each["metadata"]["uid"]]

    def edit(self, kind: str, name: str, **spec: Any) -> None:
        """Change members of the spec of an object."""
        for each in self.api.of(kind):
            if each["metadata"]["name"] == name:
                each["spec"] |= spec
                each["metadata"]["generation"] += 1
                self.api.put(each)

    def except_user(self, user: str) -> None:
        """Make a policy that excepts a user."""
        match = {"match": [{"resourceIds": [arn_of(user)]}]}
        made = policy(f"except-{user}", suppressFindings=match, mode="DryRun")
        self.api.put({**made, "kind": "SuppressionPolicy"})

    def change_finding(self, user: str, **changes: Any) -> None:
        """Have Security Hub say something else of a user."""
        for name, each in self.truth.findings.items():
            if each.resources[0].id == arn_of(user):
                self.truth.findings[name] = each._replace(**changes)

    def rule_of(self, entry: str) -> str:
        """Return the rule of an entry of the journal."""
        found = (each for each in self.api.of("Remediation") if each["metadata"]["name"] == entry)
        return next((str(each["spec"]["ruleRef"]["name"]) for each in found), "")
