"""A hub with a real store and a Security Hub that takes every write; it polls when it is told to."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.client import FindingsUpdate, UnprocessedFinding
from posture.config.model import Config
from posture.domain.findings import Finding, FindingId, Workflow
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlAssociation, Controls, ControlStatus, Standard
from posture.hubs.demand import Requests
from posture.hubs.hub import Hub
from posture.hubs.status import HubPhase, HubStatus
from posture.kube.resources import Object, name_of
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.access import admit
from posture.reconcile.context import Context
from posture.reconcile.owner import OwnerUnknown
from posture.sources.findings_view import FindingsView
from posture.store.records import FindingRef, Read
from posture.store.sqlite.store import Store
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.declared import Declared, declare_policy
from posture.suppression.findings.hub import HubSuppression
from posture.suppression.policy_reconciler import HubPolicies
from tests.support.api_server import ApiServer
from tests.support.hub_facts import ACCOUNT, facts
from tests.support.policies import NOW
from tests.support.rows import FSBP

T = TypeVar("T")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/posture-reader"
STANDARD = Standard(
    FSBP,
    f"arn:aws:securityhub:::{FSBP}",
    {each.upper(): ControlAssociation(each, enabled=True) for each in ("S3.1", "EC2.2", "IAM.1")},
)
WINDOW = 30 * 3600 * 1_000_000
FACTS = facts(STANDARD, administrator=False, members={ACCOUNT: None})
FINALIZER = "posture.dev/cleanup"
DELETED = {"deletionTimestamp": "2026-11-22T05:59:00Z", "finalizers": [FINALIZER]}
OFF = {
    "standards": ["*"],
    "controls": ["S3.1"],
    "accounts": ["*"],
    "regions": ["eu-west-1"],
    "roleName": "posture-controls",
}
GRANT = {
    "namespaces": ["security"],
    "roleArns": [ROLE],
    "accounts": ["*"],
    "verbs": ["Score", "Suppress", "DisableControls"],
    "disableControls": {"roleNames": ["posture-controls"]},
}


def target(name: str = "organization", *, suspend: bool = False, **spec: Any) -> Object:
    """A PostureTarget of the hub."""
    return {
        "metadata": {"name": name, "namespace": "security", "uid": f"t-{name}", "generation": 1},
        "spec": {
            "suspend": suspend,
            "aws": {"region": "eu-west-1", "roleArn": ROLE},
            "source": {"securityStandards": {"standards": ["*"]}},
            **spec,
        },
    }


def policy(name: str, of: str = "organization", **spec: Any) -> Object:
    """A SuppressionPolicy of S3.1."""
    metadata = spec.pop("metadata", {})
    kind: dict[str, Any] = {"suppressFindings": {"match": [{"controls": ["S3.1"]}]}}
    return {
        "metadata": {
            "name": name,
            "namespace": "security",
            "uid": f"p-{name}",
            "generation": 1,
            "creationTimestamp": "2026-11-01T00:00:00Z",
            **metadata,
        },
        "spec": {
            "targetRef": {"name": of},
            "justification": "Retention is handled by lifecycle policies",
            "approvedBy": "security@example.com",
            "expiresAt": "2027-03-31T00:00:00Z",
            **(kind if "disableControls" not in spec else {}),
            **spec,
        },
    }


class HubOnPaper:
    """What tasks see of a hub. `open`: whether its store is, as it is not while the Lease changes hands.

    `unknown`: Ids of findings that it does not find to write to; of these it lists all but `gone`. `calls`:
    that wrote. `left`: seconds that the Lease has left. `meanwhile`: by Id, how findings are when they are
    next read by Id, unless that fails as `unreadable` says. `reread_ids`: which were.
    """

    name = "hub"

    def __init__(self, path: Path, findings: Sequence[Finding]) -> None:
        self.store = Store.open(path / "hub.sqlite", owner="hub").store
        self.findings = FindingsView(self.store)
        self.open = True
        self.ahead = 0
        self.left = 60.0
        self.owners: frozenset[str] = frozenset()
        self.marks_known = True
        self.unknown: set[str] = set()
        self.gone: set[str] = set()
        self.calls = 0
        self.within: list[float] = []
        self.reread_ids: list[str] = []
        self.meanwhile: dict[str, Finding] = {}
        self.unreadable: AwsError | None = None
        self.requests = Requests()
        self.apart = 0
        self.key = SimpleNamespace(role_arn=ROLE)
        self._controls = Controls({STANDARD.name: STANDARD})
        self.status = HubStatus(phase=HubPhase.CURRENT, facts=FACTS, interval_seconds=300.0)
        self.store.write([Read(findings, NOW)])
        self.poll()

    def poll(self, began: int | None = None) -> None:
        """Say that everything is known as of another moment; `began`: the ticket that the poll began with."""
        ticket = self.requests.begun() if began is None else began
        exact_at = (self.status.exact_at or NOW) + 1
        published = self.findings.publish(exact_at, [WINDOW], {})
        self.status = HubStatus(
            phase=HubPhase.CURRENT,
            facts=FACTS,
            interval_seconds=300.0,
            exact_at=exact_at,
            duration_seconds=1.0,
            version=published.version,
            turned_off=self.status.turned_off,
            marks_known=self.marks_known,
        )
        self.requests.ended(ticket)
        self.requests.published(ticket)

    def now(self) -> int:
        return NOW + self.ahead

    def leads(self) -> bool:
        return True

    def leading(self) -> float:
        return self.left

    def is_open(self) -> bool:
        return self.open

    def controls(self) -> Controls:
        return self._controls

    def names(self) -> Mapping[str, str]:
        return {}

    def know_turned_off(self, places: Mapping[TurnedOff, ControlStatus]) -> None:
        self.status = replace(self.status, turned_off=dict(places))

    def request(self) -> int:
        return self.requests.request()

    def own(self, owners: Collection[str]) -> None:
        self.owners = frozenset(owners)

    def request_poll(self) -> int:
        return self.requests.request(thorough=False)

    def has_run(self, ticket: int) -> bool:
        return self.requests.has_run(ticket)

    def exact_since(self, ticket: int) -> bool:
        return self.requests.exact_since(ticket)

    async def look(self, look: Callable[[FindingsView], T]) -> T | None:
        return look(self.findings) if self.open else None

    async def batch_update_findings(
        self, findings: Sequence[FindingId], *, within: float, **_: Any
    ) -> FindingsUpdate:
        self.calls += 1
        self.within.append(within)
        refused = [
            UnprocessedFinding(each, "FindingNotFound", "There is none.")
            for each in findings
            if each.id in self.unknown
        ]
        done = tuple(each for each in findings if each.id not in self.unknown)
        return FindingsUpdate(done, tuple(refused), self.now())

    async def reread(self, refs: Sequence[FindingRef]) -> None:
        self.reread_ids += [each.id for each in refs]
        if self.unreadable is not None and refs:
            raise self.unreadable
        asked_at = max(self.now(), self.status.exact_at or 0) + 1
        self.findings.remove([(asked_at, [each.key for each in refs if each.id in self.gone])])
        there = list(self.store.read_findings([each.key for each in refs]))
        found = [self.meanwhile.pop(each.id, each) for each in there]
        self.findings._note(self.store.write([Read(found, asked_at)]))

    def workflows(self) -> set[Workflow]:
        """Return how the findings stand."""
        return {each.workflow for each in self.store.findings()}


class Scene:
    """A hub, an API server, and what is declared there; `config` can be changed on the way."""

    def __init__(
        self, path: Path, findings: Sequence[Finding], *objects: Object, hub: HubOnPaper | None = None
    ) -> None:
        self.hub = hub or HubOnPaper(path, findings)
        self.api = ApiServer(*objects)
        self.config = Config.model_validate({"ownerId": "us", "grants": [GRANT]})
        self.made = SimpleNamespace(
            client=self.api,
            events=self.api,
            config=SimpleNamespace(current=lambda: self.config),
            sink=PrometheusSink(Exposition()),
            namespaces=None,
            writers=Writers("posture/posture-operator"),
            security_hub=lambda _: self.hub,
        )
        self.world = cast("Context", self.made)
        self.as_hub = cast("Hub", self.hub)
        self.cleanup = PolicyCleanup(self.world, self.hub.leads)

    def everything(self, *, suppressing: bool = True) -> HubPolicies:
        """Return what a list would show now."""
        listed = [self.api.listed(each["metadata"]["name"]) for each in self.api.objects.values()]
        targets = [each for each in listed if "source" in each["spec"]]
        admissions = {name_of(each): (each, admit(each, self.config)) for each in targets}
        policies: list[Declared] = [
            declare_policy(each, admissions, self.config, NOW)
            for each in listed
            if "targetRef" in each["spec"]
        ]
        return HubPolicies(
            [each for each in policies if each.suppresses is suppressing],
            cast("Any", admissions),
            frozenset(),
            [each for each in policies if each.suppresses is not suppressing],
        )

    def reason(self, name: str) -> tuple[str, str]:
        """Return status and reason of a policy's condition Ready."""
        conditions = self.api.listed(name).get("status", {}).get("conditions", [])
        return next((each["status"], each["reason"]) for each in conditions if each["type"] == "Ready")

    def message(self, name: str) -> str:
        """Return the message of a policy's condition Ready."""
        conditions = self.api.listed(name)["status"]["conditions"]
        return next(str(each["message"]) for each in conditions if each["type"] == "Ready")


async def us() -> str:
    """Name the owner."""
    return "us"


def frozen() -> Config:
    return Config.model_validate({"ownerId": "us", "writes": "Frozen", "grants": [GRANT]})


async def nobody() -> str:
    """Name no owner, as where the cluster's id may not be read."""
    raise OwnerUnknown("set ownerId")


def task(scene: Scene, owner: Callable[[], Awaitable[str]] = us) -> HubSuppression:
    """Return the task that suppresses a scene's findings."""
    return HubSuppression(scene.world, scene.as_hub, owner, scene.cleanup)


async def settle(scene: Scene, work: HubSuppression, cycles: int = 3) -> None:
    """List, run a cycle and poll, a few times."""
    for _ in range(cycles):
        work.update(scene.everything())
        await work._cycle()
        scene.hub.poll()
