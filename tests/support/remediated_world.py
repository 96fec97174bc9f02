"""A world in memory in which rules are carried out: an API server, Security Hub, users with keys, people.

Whatever is awaited is a moment: at any of them the process may die, a call may fail or lose its answer, and
the world may change. What is written is held against what was declared since before the last look.
"""

import copy
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from posture.aws.client.errors import AccessDenied, Retryable, Throttled
from posture.aws.securityhub.client import FindingsUpdate, NoteUpdate
from posture.aws.securityhub.wire import FindingsPage
from posture.config.model import Config
from posture.domain.findings import Check, CheckSource, Compliance, Finding, FindingId, Resource, Workflow
from posture.domain.remediation.journal import State
from posture.domain.time import DAY, SECOND, datetime_of, text_of
from posture.hubs.hub import Hub
from posture.kube.errors import Call, Conflict, Gone, KubeError, Moved
from posture.kube.errors import Retryable as KubeRetryable
from posture.kube.resources import ApiResource, Object, ObjectRef, name_of
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.access import Admitted, admit
from posture.reconcile.context import Context
from posture.remediation.actions.contract import Protected
from posture.remediation.declared import declare_rule
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.journal import JournalEntry, read_entry
from posture.remediation.hub import HubRemediation, HubRules
from posture.remediation.member import OutOfTime
from posture.remediation.policies import PolicyReader
from posture.store.records import Read
from tests.support.api_server import ApiServer
from tests.support.hub_on_paper import GRANT, HubOnPaper, policy, target
from tests.support.policies import NOW
from tests.support.rows import FSBP, finding
from tests.support.rules_on_paper import GRANTED, REMEDIATE, rule

CREATED = "2020-01-01T00:00:00Z"
CALL = Call("patch", None)
IAM_1 = Check("Security Hub", CheckSource.SECURITY_HUB, "IAM.1", numbered=False, standards=(FSBP,))
_COMES_LATE = 0.5
"""How likely a call whose connection breaks is done all the same, and shows within half a minute."""


_SAID = {"service": "iam", "operation": "X", "code": "X"}
LOST = Retryable("the connection broke", **_SAID)
ERRORS = (LOST, Throttled("too many", **_SAID), AccessDenied("no", **_SAID))


class Died(BaseException):
    """The process ends here. Nothing may catch it."""


class Written(NamedTuple):
    """A key that the operator has set. `at`: µs; `entry`: the remediation for which."""

    user: str
    key: str
    to: str
    at: int
    entry: str


class Server(ApiServer):
    """An API server whose every call is a moment before it is done, and one after."""

    def __init__(self, world: "World", *objects: Object) -> None:
        super().__init__(*objects)
        self._world = world
        self._uids = itertools.count(1)

    def of(self, kind: str) -> list[Object]:
        """Return all objects of a kind."""
        return [copy.deepcopy(each) for each in self.objects.values() if each["kind"] == kind]

    async def list_objects(
        self, resource: ApiResource, _namespaces: Sequence[str] | None = None, *, label_selector: str = ""
    ) -> list[Object]:
        await self._world.moment("api")
        found = await super().list_objects(resource, label_selector=label_selector)
        await self._world.moment("api")
        return found

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Object:
        await self._world.moment("api")
        for each in self.of(resource.kind):
            if name_of(each) == f"{namespace}/{name}":
                return each
        raise Gone(CALL, f"{name} is not there", status=404)

    async def create(self, resource: ApiResource, namespace: str, body: Mapping[str, Any]) -> Object:
        await self._world.moment("api")
        made = copy.deepcopy(dict(body))
        name = made["metadata"]["name"]
        if any(name_of(each) == f"{namespace}/{name}" for each in self.of(resource.kind)):
            raise Conflict(CALL, "exists", status=409)
        made["kind"] = resource.kind
        made["metadata"] |= {
            "uid": f"e-{next(self._uids)}",
            "generation": 1,
            "creationTimestamp": text_of(self._world.now() // SECOND * SECOND),
        }
        stored = self._stored(made)
        await self._world.moment("api")
        return stored

    async def delete(self, ref: ObjectRef, *, version: str | None = None) -> None:
        await self._world.moment("api")
        found = self._found(ref)
        if version not in {None, found["metadata"]["resourceVersion"]}:
            raise Moved(CALL, "another version", found)
        del self.objects[ref.uid]
        await self._world.moment("api")

    async def patch_status(
        self, ref: ObjectRef, status: Mapping[str, Any], *, version: str | None = None, **within: object
    ) -> Object:
        await self._world.moment("api")
        made = await super().patch_status(ref, status, version=version, **within)
        if made["kind"] == "Remediation":
            self._world.noted(made["metadata"]["name"])
        await self._world.moment("api")
        return made


class Cloud:
    """Users with access keys, by name, and their tags. `log`: what the operator wrote, in order."""

    def __init__(self, world: "World", users: Mapping[str, Sequence[str]]) -> None:
        self._world = world
        self.keys = {user: dict.fromkeys(keys, "Active") for user, keys in users.items()}
        self.tags: dict[str, dict[str, str]] = {user: {} for user in users}
        self.log: list[Written] = []

    async def read(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a reading operation of IAM."""
        await self._world.moment("aws")
        user = parameters.get("UserName", "")
        if operation == "ListUserTags":
            self._world.tags_read_at[user] = self._world.moments
            tags = [{"Key": key, "Value": value} for key, value in self.tags[user].items()]
            answer: dict[str, Any] = {"Tags": tags, "IsTruncated": False}
        elif operation == "ListAccessKeys":
            created = datetime_of(NOW - 400 * DAY)
            listed = [
                {"AccessKeyId": key, "Status": status, "CreateDate": created}
                for key, status in self.keys[user].items()
            ]
            answer = {"AccessKeyMetadata": listed, "IsTruncated": False}
        else:
            answer = {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
        await self._world.moment("aws")
        return answer

    async def update_key(self, user: str, key: str, to: str, session: str) -> None:
        """Set a key, as the operator; the call may be lost before, and its answer after that."""
        entry = session[session.index("remediation-") :]
        try:
            await self._world.moment("write")
            if self._world.random.random() < self._world.flaky:
                raise LOST
        except Retryable as lost:
            if not isinstance(lost, Throttled) and self._world.random.random() < _COMES_LATE:
                self._world.judge(user, key, to, entry)
                self._world.late.append(Written(user, key, to, self._world.now(), entry))
            raise
        self._world.judge(user, key, to, entry)
        self._done(user, key, to, entry)
        await self._world.moment("answer")

    def arrive(self, late: Written) -> None:
        """Do what was sent before, and has been under way since."""
        if late.key in self.keys[late.user]:
            self._done(late.user, late.key, late.to, late.entry)

    def _done(self, user: str, key: str, to: str, entry: str) -> None:
        self.keys[user][key] = to
        self._world.rules_of[entry] = self._world.rule_of(entry)
        self.log.append(Written(user, key, to, self._world.now(), entry))


class Caller:
    """Reads and writes as the role of a rule."""

    account_id, region = GRANTED, "us-east-1"

    def __init__(self, cloud: Cloud, session: str, seconds_left: Callable[[], float]) -> None:
        self._cloud = cloud
        self._session = session
        self._seconds_left = seconds_left

    async def read(
        self, _service: str, operation: str, parameters: Mapping[str, Any] | None = None, **_: object
    ) -> dict[str, Any]:
        return await self._cloud.read(operation, parameters or {})

    async def account_tags(self) -> tuple[tuple[str, str], ...]:
        return ()

    async def reach(self) -> None:
        """Have credentials."""

    async def write(
        self, _service: str, operation: str, parameters: Mapping[str, Any], **_: object
    ) -> dict[str, Any]:
        assert operation == "UpdateAccessKey"
        if self._seconds_left() <= 0:
            raise OutOfTime("too late")
        user, key, to = parameters["UserName"], parameters["AccessKeyId"], parameters["Status"]
        await self._cloud.update_key(user, key, to, self._session)
        return {}


class Members:
    """The way to the users."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def reader(self, *_: object) -> Caller:
        return Caller(self._cloud, "", lambda: 0.0)

    def writer(self, *_: object, session: str, seconds_left: Callable[[], float]) -> Caller:
        return Caller(self._cloud, session, seconds_left)

    async def protected(self, _config: Config) -> Protected:
        return Protected()


class SecurityHub:
    """Findings as they truly are, by Id."""

    def __init__(self, world: "World", findings: Sequence[Finding]) -> None:
        self._world = world
        self.findings = {FindingId(each.product_arn, each.id): each for each in findings}

    async def get_findings(self, filters: Mapping[str, Any], **_: object) -> FindingsPage:
        await self._world.moment("aws")
        ids = {each["Value"] for each in filters.get("Id", ())}
        resources = {each["Value"] for each in filters.get("ResourceId", ())}
        found = [
            each
            for each in self.findings.values()
            if (not ids or each.id in ids)
            and (not resources or any(one.id in resources for one in each.resources))
        ]
        return FindingsPage(found, [], [], None, self._world.now(), None, 0.0)

    async def batch_update_findings(
        self,
        names: Sequence[FindingId],
        *,
        workflow: Workflow,
        note: NoteUpdate,
        user_fields: Mapping[str, str],
        within: float,
    ) -> FindingsUpdate:
        assert within > 0
        await self._world.moment("aws")
        for each in names:
            self.findings[each] = self.findings[each]._replace(
                workflow=workflow, note=note.text, user_fields=tuple(user_fields.items())
            )
        await self._world.moment("aws")
        return FindingsUpdate(tuple(names), (), self._world.now())


class World:
    """Everything. `random`: decides what happens at which moment."""

    def __init__(self, path: Path, random: Random) -> None:
        self.random = random
        self.moments = 0
        self.cycle_at = 0
        self.cycle_began = 0
        self.rules_of: dict[str, str] = {}
        self.forgotten: set[str] = set()
        self.since: dict[str, int] = {}
        self.changed_at: dict[str, int] = defaultdict(lambda: -1)
        self.looked_at: dict[str, int] = defaultdict(int)
        self.tags_read_at: dict[str, int] = defaultdict(int)
        self.wrong: list[str] = []
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

    # The oracle.

    def note(self) -> None:
        """Note since when each thing that forbids a write has held. To be called after each change."""
        holding = set(self._forbidding())
        self.since = {each: self.since.get(each, self.moments) for each in holding}

    def _forbidding(self) -> list[str]:
        """Return all that forbids writes now: for everybody, a rule, a user, or a rule and a user."""
        found = ["frozen"] if self.config.frozen else []
        if len(self.config.grants) < len((GRANT, REMEDIATE)):
            found.append("*/*")
        (organization,) = self.api.of("PostureTarget")
        if organization["spec"].get("suspend"):
            found.append("*/*")
        rules = {each["metadata"]["name"]: each["spec"] for each in self.api.of("RemediationRule")}
        for name in ("one", "two"):
            spec = rules.get(name)
            if spec is None or spec.get("suspend") or spec.get("mode") != "Enforce":
                found.append(f"{name}/*")
            for each in (spec or {}).get("exceptions", ()):
                found += [f"{name}/{user_named(arn)}" for arn in each["resourceIds"]]
        found += [
            f"*/{each['metadata']['name'].removeprefix('except-')}"
            for each in self.api.of("SuppressionPolicy")
        ]
        for each in self.truth.findings.values():
            if each.workflow is Workflow.SUPPRESSED or each.compliance is Compliance.PASSED:
                found.append(f"*/{user_named(each.resources[0].id)}")
        found += [f"tag/{user}" for user, tags in self.cloud.tags.items() if tags]
        return found

    def judge(self, user: str, key: str, to: str, entry_name: str) -> None:
        """Hold one write against what is declared, what the journal says, and what was written before."""
        found = [each for each in self.api.of("Remediation") if each["metadata"]["name"] == entry_name]
        said = [
            f"{what}: {user}/{key} to {to} for {entry_name}" for what in self._against(user, key, to, found)
        ]
        self.wrong += said

    def _against(self, user: str, key: str, to: str, found: Sequence[Object]) -> Iterator[str]:
        """Yield what speaks against a write."""
        if not found:
            yield "no entry in the journal"
            return
        entry, looked = read_entry(found[0], self.now()), self.looked_at[user]
        if entry.entry.state is not (State.RUNNING if to == "Inactive" else State.UNDOING):
            yield f"the entry is {entry.entry.state}"
        sub = next((each for each in entry.subs if each.name == key), None)
        if sub is None or sub.before != {"Status": "Active"} or sub.after != {"Status": "Inactive"}:
            yield "the journal does not say what was before"
        if self.hub.left <= 0:
            yield "the lease is over"
        is_news = self.changed_at[user] >= min(looked, self.tags_read_at[user])
        under_way = any((each.user, each.key, each.to) == (user, key, to) for each in self.late)
        if under_way or (self.cloud.keys[user].get(key) == to and not is_news):
            yield "it is written twice"
        if to == "Inactive":
            yield from self._against_now(user, key, entry)
        elif self.since.get("frozen", math.inf) < self.cycle_at:
            yield "writes are frozen"

    def _against_now(self, user: str, key: str, entry: JournalEntry) -> Iterator[str]:
        """Yield what was declared against it since before it was looked at."""
        rule, looked = entry.entry.rule.partition("/")[2], self.looked_at[user]
        for what in ("*/*", "frozen", f"{rule}/*", f"*/{user}", f"{rule}/{user}"):
            if self.since.get(what, math.inf) < looked:
                yield f"{what} forbids it"
        if self.since.get(f"tag/{user}", math.inf) < max(looked, self.tags_read_at[user]):
            yield "it is opted out"
        if self.changed_at[rule] < looked:
            yield from self._against_limits(rule, user, key, entry)

    def _against_limits(self, name: str, user: str, key: str, entry: JournalEntry) -> Iterator[str]:
        """Yield which limits of a rule a write would pass, by what was truly written."""
        spec = next(
            each["spec"] for each in self.api.of("RemediationRule") if each["metadata"]["name"] == name
        )
        limits = spec["limits"]
        if spec.get("approval") == "Required" and not entry.entry.is_approved:
            yield "nobody has approved it"
        entries = [
            each
            for each in map(read_entry, self.api.of("Remediation"))
            if each.entry.rule.endswith(f"/{name}")
        ]
        own = [
            each
            for each in self.cloud.log
            if self.rules_of[each.entry] == name and each.entry not in self.forgotten
        ]
        lately = [each for each in own if each.at > self.now() - DAY]
        # What was lost may have been written twice: it is one write of the plan.
        calls = {(each.entry, each.key, each.to) for each in lately} | {(entry.entry.name, key, "Inactive")}
        if len(calls) > limits["perDay"]:
            yield f"perDay {limits['perDay']}"
        cycle = {(each.entry, each.key) for each in own if each.at >= self.cycle_began} | {
            (entry.entry.name, key)
        }
        if len(cycle) > limits["perCycle"]:
            yield f"perCycle {limits['perCycle']}"
        users, most = {each.user for each in lately}, -(-len(self.cloud.keys) * limits["percent"] // 100)
        if user not in users and len(users) >= most:
            yield f"percent {limits['percent']}"
        times = {each.entry for each in own if each.user == user} | {entry.entry.name}
        if len(times) > limits["perResource"]["max"]:
            yield f"perResource {limits['perResource']['max']}"
        if sum(each.entry.is_going for each in entries) > limits["concurrent"]:
            yield f"concurrent {limits['concurrent']}"


def arn_of(user: str) -> str:
    """Return the ARN of a user."""
    return f"arn:aws:iam::{GRANTED}:user/{user}"


def user_named(arn: str) -> str:
    """Return the name of a user by its ARN."""
    return arn.rsplit("/", 1)[-1]
