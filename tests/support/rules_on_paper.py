"""Rules of a hub on paper: what is declared, and what they say after a cycle."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.history import FindingHistory
from posture.aws.securityhub.wire import FindingsPage
from posture.config.model import Config
from posture.domain.findings import Check, CheckSource, Finding, FindingId, Resource
from posture.domain.remediation.history import HistoryRecord
from posture.hubs.hub import Hub
from posture.kube.resources import Object, name_of
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.access import Admitted, admit
from posture.reconcile.context import Context
from posture.remediation.actions.contract import SubWrite
from posture.remediation.declared import declare_rule
from posture.remediation.engine.live import LiveLook, LiveResources, Question
from posture.remediation.hub import HubRemediation, HubRules
from posture.remediation.policies import PolicyReader
from tests.support.api_server import ApiServer
from tests.support.hub_on_paper import GRANT, ROLE, HubOnPaper, target
from tests.support.policies import DAY, NOW
from tests.support.rows import FSBP, finding

GRANTED = "111122223333"
"""The account in which rules are granted; others are only scored."""
ALL = {"perCycle": 1000, "perDay": 10_000, "percent": 100, "concurrent": 100}
"""Limits that hold nobody back."""
REMEDIATE = {
    "namespaces": ["security"],
    "roleArns": [ROLE],
    "accounts": [GRANTED],
    "verbs": ["Remediate"],
    "remediation": {"roleNames": ["posture-remediation"], "maxMode": "Enforce", "builtins": ["*"]},
}


def rule(name: str = "keys", action: str = "iam-deactivate-old-access-keys", **spec: Any) -> Object:
    """A RemediationRule that nothing holds back but what is given."""
    return {
        "metadata": {"name": name, "namespace": "security", "uid": f"r-{name}", "generation": 1},
        "spec": {
            "targetRef": {"name": "organization"},
            "match": [{"controls": ["*"]}],
            "action": {"builtin": {"name": action}},
            "delay": "0s",
            "limits": ALL,
            **spec,
        },
    }


def of_user(number: int = 1, **fields: Any) -> Finding:
    """A finding of one user that has been there for long, and was last updated a day ago."""
    check = Check("Security Hub", CheckSource.SECURITY_HUB, "IAM.1", numbered=False, standards=(FSBP,))
    user = Resource("AwsIamUser", f"arn:aws:iam::{GRANTED}:user/anna")
    whole = {"updated_at": NOW - DAY, "created_at": NOW - 200 * DAY, **fields}
    return finding(number, check=check, resources=(user,), **whole)


class StillWrong(LiveResources):
    """Every resource as its findings say it is: one write puts it right."""

    def __init__(self) -> None:
        pass

    async def look(self, question: Question, config: Config) -> LiveLook:
        del config
        return LiveLook(
            None, (SubWrite("setting", f"Put {question.resource.id} right", before="off", after="on"),)
        )


class QuietSecurityHub:
    """A Security Hub whose controls have no parameters of their own.

    `told`: what the histories of findings tell, by Id; to all others nothing has happened. `error`: of
    reading one. `asked`: whose were read.
    """

    def __init__(self, hub: HubOnPaper) -> None:
        self._hub = hub
        self.told: dict[str, Sequence[HistoryRecord]] = {}
        self.error: AwsError | None = None
        self.asked: list[str] = []

    def now(self) -> int:
        return self._hub.now()

    async def finding_history(self, finding: FindingId, begin: int) -> FindingHistory:
        self.asked.append(finding.id)
        if self.error is not None:
            raise self.error
        return FindingHistory(tuple(self.told.get(finding.id, ())), begin, self._hub.now())

    async def get_findings(self, _filters: object, **_options: object) -> FindingsPage:
        return FindingsPage([], [], [], None, 0, None, 0.0)


class RuleScene:
    """A hub, an API server, and the task that plans the rules."""

    def __init__(self, path: Path, findings: Sequence[Finding], *objects: Object) -> None:
        self.hub = HubOnPaper(path, findings)
        self.hub.know_turned_off({})
        self.api = ApiServer(target(), *objects)
        self.config = Config.model_validate({"ownerId": "us", "grants": [GRANT, REMEDIATE]})
        self.exposition = Exposition()
        self._reader = PolicyReader()
        self.cloud = QuietSecurityHub(self.hub)
        self._world = SimpleNamespace(
            client=self.api,
            events=self.api,
            config=SimpleNamespace(current=lambda: self.config, reload_if_changed=lambda: False),
            sink=PrometheusSink(self.exposition),
            namespaces=None,
            writers=Writers("posture/posture-operator"),
            security_hub=lambda _key: self.cloud,
            sessions=None,
            limiters=None,
            usage=None,
        )
        self.restart()

    def restart(self) -> None:
        """Begin anew with nothing but what is stored."""
        self.task = HubRemediation(cast("Context", self._world), cast("Hub", self.hub), StillWrong())

    async def later(self, ahead: int) -> None:
        """Run a cycle after a poll, so much (µs) after the beginning."""
        self.hub.ahead = ahead
        self.hub.poll()
        await self.cycle()

    async def cycle(self) -> None:
        """List, and run a cycle."""
        listed = [self.api.listed(each["metadata"]["name"]) for each in self.api.objects.values()]
        admissions = {
            name_of(each): (each, admit(each, self.config)) for each in listed if "source" in each["spec"]
        }
        rules = [declare_rule(each, admissions, self.config) for each in listed if "action" in each["spec"]]
        policies = self._reader.read(each for each in listed if "approvedBy" in each["spec"])
        targets = {name: each for name, (_, each) in admissions.items() if isinstance(each, Admitted)}
        self.task.update(HubRules(rules, targets, policies))
        await self.task._cycle()

    def status(self, name: str = "keys") -> dict[str, Any]:
        """Return a rule's status."""
        found = self.api.listed(name).get("status", {})
        assert isinstance(found, dict)
        return found

    def totals(self, name: str = "keys") -> dict[str, int]:
        """Return the totals of a rule's plan by reason."""
        return {each["reason"]: each["count"] for each in self.status(name).get("planTotals", [])}

    def ready(self, name: str = "keys") -> tuple[str, str]:
        """Return status and reason of a rule's condition Ready."""
        conditions = self.status(name).get("conditions", [])
        return next((each["status"], each["reason"]) for each in conditions if each["type"] == "Ready")
