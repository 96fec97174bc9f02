"""What `posture check` says of targets whose hub is the sandbox."""

import asyncio
import time
from pathlib import Path
from typing import Any

import yaml

from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Sessions
from posture.cli.check.cluster import ListedObjects
from posture.cli.check.configuration import read_configuration
from posture.cli.check.result import CheckResult, CheckStatus
from posture.cli.check.targets import check_targets
from posture.kube.resources import Object
from posture.remediation.member import Aws
from sandbox.cloud import Cloud
from tests.support.e2e.stage import FSBP, READER

ADMINISTRATOR = "111122223333"
_FASTER = 100
TOLD: list[str] = []
READING = ("Get", "List", "Describe", "BatchGet")
OPTIONAL = [
    "ListSecurityControlDefinitions", "BatchGetStandardsControlAssociations", "GetAdministratorAccount",
    "ListMembers", "DescribeOrganizationConfiguration", "ListFindingAggregators", "GetFindingAggregator",
    "DescribeSecurityHubV2", "ListOrganizationAdminAccounts", "GetInsightResults", "GetFindingHistory",
]  # fmt: skip


def target(name: str = "organization", role_arn: str | None = READER, **spec: Any) -> Object:
    aws = {
        "region": "eu-west-1",
        **({} if role_arn is None else {"roleArn": role_arn}),
        **spec.pop("aws", {}),
    }
    source = {"securityStandards": {"standards": [FSBP]}}
    return {
        "metadata": {"name": name, "namespace": "security", "uid": name},
        "spec": {"aws": aws, "source": source, **spec},
    }


GRANT: dict[str, Any] = {
    "namespaces": ["security"],
    "roleArns": ["arn:aws:iam::*:role/posture-*"],
    "accounts": ["*"],
    "verbs": ["Score", "Suppress", "DisableControls", "Remediate"],
    "disableControls": {"roleNames": ["posture-controls"]},
    "remediation": {"roleNames": ["posture-remediation"], "maxMode": "DryRun", "builtins": ["*"]},
}
POLICY: Object = {
    "metadata": {"name": "off", "namespace": "security"},
    "spec": {
        "targetRef": {"name": "organization"},
        "disableControls": {"roleName": "posture-controls", "accounts": ["*"]},
    },
}
RULE: Object = {
    "metadata": {"name": "rule", "namespace": "security"},
    "spec": {
        "targetRef": {"name": "organization"},
        "mode": "DryRun",
        "identity": {"roleName": "posture-remediation"},
        "action": {"builtin": {"name": "s3-account-block-public-access"}},
    },
}


class Checked:
    """Results by the end of their names."""

    def __init__(self, results: list[CheckResult]) -> None:
        self.results = results
        self.by_name = {each.check: each for each in results}
        assert len(self.by_name) == len(results), "a check is told once"

    def __getitem__(self, check: str) -> CheckResult:
        return self.by_name[f"security/organization/{check}"]

    def named(self, status: CheckStatus) -> set[str]:
        return {
            each.check.removeprefix("security/organization/")
            for each in self.results
            if each.status is status
        }


async def check(tmp_path: Path, *targets: Object, asked: tuple[str, ...] = (), **grant: Any) -> Checked:
    file = tmp_path / "posture.yaml"
    file.write_text(yaml.safe_dump({"grants": [{**GRANT, **grant}]}), encoding="utf-8")
    usage = Usage()
    async with Sessions(usage) as sessions:
        aws = Aws(sessions, limiters(), usage)
        declared = ListedObjects(list(targets) or [target()], [POLICY], [RULE])
        return Checked(await check_targets(declared, read_configuration(file), asked, aws, TOLD.append))


def limiters() -> Limiters:
    """Make buckets whose seconds pass a hundred times as fast."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / _FASTER)

    return Limiters(1.0, monotonic=lambda: time.monotonic() * _FASTER, sleep=sleep)


def first_of(cloud: Cloud) -> dict[str, Any]:
    """Return a finding that is active, the first by its Id."""
    active = [each for each in cloud.control.findings() if each["RecordState"] == "ACTIVE"]
    return min(active, key=lambda each: str(each["Id"]))
