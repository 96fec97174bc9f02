"""`posture check` of targets against the emulator and moto: what works, and each way in which it does not."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from posture.aws.client import calls
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Sessions
from posture.cli.check import asking
from posture.cli.check.cluster import ListedObjects
from posture.cli.check.configuration import read_configuration
from posture.cli.check.result import CheckResult, CheckStatus, is_failed
from posture.cli.check.targets import check_targets
from posture.kube.resources import Object
from posture.remediation.member import Aws
from sandbox.cloud import Cloud
from tests.support.e2e.stage import FSBP, ORGANIZATION, READER

ADMINISTRATOR = "111122223333"
_FASTER = 100
TOLD: list[str] = []
READING = ("Get", "List", "Describe", "BatchGet")
OPTIONAL = [
    "ListSecurityControlDefinitions", "BatchGetStandardsControlAssociations", "GetAdministratorAccount",
    "ListMembers", "DescribeOrganizationConfiguration", "ListFindingAggregators", "GetFindingAggregator",
    "DescribeSecurityHubV2", "GetInsightResults", "GetFindingHistory",
]  # fmt: skip


@pytest.fixture(scope="module")
def started() -> Iterator[Cloud]:
    with Cloud.start(organization=ORGANIZATION) as cloud:
        yield cloud


@pytest.fixture
def cloud(started: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The cloud as it was begun, and this process in it; nothing is waited for longer than it takes."""
    for name, value in started.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(asking, "PATIENCE", 0.5)
    started.control.reset_calls()
    yield started
    started.control.lift_faults()
    started.refuse_sts()
    started.control.hub(ADMINISTRATOR, "eu-west-1", enabled=True, second_version=False)


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


async def test_where_all_is_well_nothing_is_wrong_and_nothing_is_written(
    cloud: Cloud, tmp_path: Path
) -> None:
    found = await check(tmp_path)
    assert (found.named(CheckStatus.FAILED), found.named(CheckStatus.WARNING)) == (set(), set())
    unknown = found.named(CheckStatus.UNKNOWN)
    # moto has no such role.
    assert {each for each in unknown if not each.startswith("fact/")} == {"update-findings"}
    # Nothing of V2, queues and prices can be told by reading; the rest may lack a finding that shows it.
    untold = {
        "v2-exposures",
        "v2-suppression",
        "next-token-lifetime",
        "archival-event",
        "event-account",
        "prices",
    }
    shown_by_some = {"archival-updates", "note-filter", "note-keeps-time"}
    facts = {each.removeprefix("fact/") for each in unknown if each.startswith("fact/")}
    assert untold <= facts <= untold | shown_by_some
    assert "administers 8 others" in found["administrator"].message
    assert found["member-role/posture-controls"].message == "it can be assumed in 9 accounts"
    assert all(each.advice for each in found.results if each.status is CheckStatus.FAILED)
    made = {each["operation"] for each in cloud.control.calls()["counts"]}
    assert {each for each in made if not each.startswith(READING)} == set()
    assert cloud.writes() == []


async def test_a_hub_that_is_off_is_a_failure_and_what_depends_on_it_is_unknown(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", enabled=False)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"hub"}
    assert "Enable Security Hub" in found["hub"].advice
    assert found["region"].status is CheckStatus.OK
    for name in ("findings", "standards", "aggregation", "update-findings", "fact/sort-order"):
        assert found[name].status is CheckStatus.UNKNOWN
        assert "depends on hub" in found[name].message
    assert found["member-role/posture-controls"].status is CheckStatus.UNKNOWN


async def test_a_role_that_is_refused_is_a_failure(cloud: Cloud, tmp_path: Path) -> None:
    cloud.refuse_roles(READER)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"role"}
    assert READER in found["role"].advice
    assert found["identity"].status is CheckStatus.OK
    assert "depends on role" in found["hub"].message


async def test_an_external_id_that_the_role_does_not_ask_for_is_said_to_be_looked_at(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.refuse_sts({"code": "AccessDenied", "role": READER, "unless_external_id": "right"})
    wrong = await check(tmp_path, externalId="wrong")
    assert wrong.named(CheckStatus.FAILED) == {"role"}
    assert "with the grant's externalId" in wrong["role"].advice
    assert "wrong" not in wrong["role"].message + wrong["role"].advice
    none = await check(tmp_path)
    assert "names no externalId" in none["role"].advice
    right = await check(tmp_path, externalId="right")
    assert right["role"].status is CheckStatus.OK


async def test_credentials_that_are_refused_end_it(cloud: Cloud, tmp_path: Path) -> None:
    cloud.refuse_sts({"code": "InvalidClientTokenId", "action": "GetCallerIdentity"})
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"identity"}
    assert "depends on identity" in found["role"].message


async def test_a_region_that_is_not_enabled_is_told(cloud: Cloud, tmp_path: Path) -> None:
    cloud.control.fault(
        "error", "DescribeHub", count=None, options={"status": 403, "code": "OptInRequired", "message": "no"}
    )
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"region"}
    assert "opt-in Region" in found["region"].advice
    assert found["hub"].status is CheckStatus.UNKNOWN


async def test_an_endpoint_that_nobody_answers_at_is_told(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del cloud
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECURITYHUB", "http://127.0.0.1:9")
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"hub"}
    assert "reached nobody" in found["hub"].advice
    assert found["region"].status is CheckStatus.UNKNOWN


@pytest.mark.parametrize("kind", ["html", "truncated", "empty"])
async def test_bodies_that_are_no_answer_are_told_and_break_nothing(
    cloud: Cloud, tmp_path: Path, kind: str
) -> None:
    for operation in [*OPTIONAL, "GetEnabledStandards"]:
        cloud.control.fault(kind, operation, count=None)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"standards"}
    cloud.control.fault(kind, "*", count=None)
    assert (await check(tmp_path)).named(CheckStatus.FAILED) == {"hub"}


@pytest.mark.parametrize(("operation", "failing"), [("DescribeHub", "hub"), ("GetFindings", "findings")])
async def test_throttling_of_what_is_needed_is_a_failure(
    cloud: Cloud, tmp_path: Path, operation: str, failing: str
) -> None:
    cloud.control.fault("throttle", operation, count=None)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {failing}
    assert "quota" in found[failing].advice
    assert found["fact/sort-order"].status is CheckStatus.UNKNOWN


async def test_throttling_of_the_rest_is_not_known(cloud: Cloud, tmp_path: Path) -> None:
    cloud.control.fault("throttle", "DescribeOrganizationConfiguration", count=None)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == set()
    assert found["organization"].status is CheckStatus.UNKNOWN


@pytest.mark.parametrize(
    ("operation", "failing"), [("GetFindings", "findings"), ("GetEnabledStandards", "standards")]
)
async def test_what_is_needed_and_denied_is_a_failure(
    cloud: Cloud, tmp_path: Path, operation: str, failing: str
) -> None:
    cloud.control.fault("denied", operation, count=None)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {failing}
    assert f"securityhub:{operation}" in found[failing].advice


async def test_rights_that_are_optional_are_unknown_where_they_are_missing(
    cloud: Cloud, tmp_path: Path
) -> None:
    for operation in OPTIONAL:
        cloud.control.fault("denied", operation, count=None)
    cloud.control.mutate({"op": "archive", "id": first_of(cloud)["Id"]})
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == set()
    unknown = {
        "controls", "administrator", "organization", "aggregation", "security-hub-v2", "finding-history",
        "fact/archival-updates", "fact/insight-order",
    }  # fmt: skip
    assert unknown <= found.named(CheckStatus.UNKNOWN)
    for name in unknown - {"organization"}:
        assert "not permitted" in found[name].message, found[name]
        assert found[name].advice


async def test_an_account_that_administers_nobody_is_told_who_does(cloud: Cloud, tmp_path: Path) -> None:
    member = next(each for each in cloud.control.members() if each != ADMINISTRATOR)
    found = await check(tmp_path, target(role_arn=f"arn:aws:iam::{member}:role/posture-reader"))
    assert found.named(CheckStatus.FAILED) == set()
    assert found["administrator"].status is CheckStatus.WARNING
    assert ADMINISTRATOR in found["administrator"].message
    assert found["organization"].status is CheckStatus.UNKNOWN
    assert found["member-role/posture-controls"].message == "it can be assumed in 1 account"


async def test_a_set_up_that_is_not_perfect_is_told_and_does_not_fail(cloud: Cloud, tmp_path: Path) -> None:
    cloud.control.hub(
        ADMINISTRATOR,
        "eu-west-1",
        auto_enable_controls=False,
        control_finding_generator="STANDARD_CONTROL",
        second_version=True,
    )
    try:
        found = await check(tmp_path)
    finally:
        cloud.control.hub(
            ADMINISTRATOR,
            "eu-west-1",
            auto_enable_controls=True,
            control_finding_generator="SECURITY_CONTROL",
        )
    assert found.named(CheckStatus.WARNING) == {"auto-enable", "consolidated-findings", "security-hub-v2"}
    assert not is_failed(found.results)
    assert found["fact/v2-exposures"].message == "GetFindings gave no exposure; there may be none"


async def test_a_standard_that_is_not_enabled_is_a_failure(cloud: Cloud, tmp_path: Path) -> None:
    del cloud
    source = {"securityStandards": {"standards": [FSBP, "pci-dss/v/4.0.1"]}}
    found = await check(tmp_path, target(source=source))
    assert found.named(CheckStatus.FAILED) == {"standards"}
    assert found["standards"].message == "not enabled: pci-dss/v/4.0.1"


async def test_a_hub_without_any_standard_has_nothing_to_score(cloud: Cloud, tmp_path: Path) -> None:
    enabled = cloud.control.hub(ADMINISTRATOR, "eu-west-1")["standards"]
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", standards=[])
    try:
        found = await check(tmp_path, target(source={"securityStandards": {"standards": ["*"]}}))
    finally:
        cloud.control.hub(ADMINISTRATOR, "eu-west-1", standards=enabled)
    assert found.named(CheckStatus.FAILED) == {"standards"}
    assert found["standards"].message == "no standard is enabled"


async def test_what_is_not_granted_is_not_tried(cloud: Cloud, tmp_path: Path) -> None:
    found = await check(tmp_path, namespaces=["other"])
    assert found.named(CheckStatus.FAILED) == {"grant"}
    assert "add below grants" in found["grant"].message
    assert found["role"].status is CheckStatus.UNKNOWN
    assert cloud.control.call_total() == 0


async def test_roles_in_members_are_tried_where_they_are_named(cloud: Cloud, tmp_path: Path) -> None:
    member = next(each for each in cloud.control.members() if each != ADMINISTRATOR)
    cloud.refuse_roles(f"arn:aws:iam::{member}:role/posture-controls")
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"member-role/posture-controls"}
    assert (
        f"in 9 accounts it cannot be assumed in 1: {member}" in found["member-role/posture-controls"].message
    )
    cloud.refuse_sts(
        {"code": "AccessDenied", "role": "*:role/posture-controls", "unless_external_id": "right"}
    )
    with_id = await check(tmp_path, externalId="right")
    assert with_id["member-role/posture-controls"].status is CheckStatus.OK
    none = await check(tmp_path, remediation={}, verbs=["Score", "DisableControls"])
    assert "member-role/posture-remediation" in none.named(CheckStatus.FAILED)
    assert "NotGranted" in none["member-role/posture-remediation"].message


async def test_an_identity_of_ones_own_is_the_role_of_its_session(cloud: Cloud, tmp_path: Path) -> None:
    iam = boto3.client("iam", endpoint_url=cloud.moto_url, region_name="us-east-1")
    iam.create_role(RoleName="sandbox", AssumeRolePolicyDocument=json.dumps(policy("Allow", "sts:*")))
    try:
        own = target(role_arn=None)
        found = await check(tmp_path, own, ambientIdentity=True)
        assert found["role"].message == "no role is named: this process's own identity is used"
        assert found["update-findings"].status is CheckStatus.FAILED
        iam.put_role_policy(
            RoleName="sandbox",
            PolicyName="findings",
            PolicyDocument=json.dumps(policy("Allow", "securityhub:*")),
        )
        assert (await check(tmp_path, own, ambientIdentity=True))["update-findings"].status is CheckStatus.OK
        iam.delete_role_policy(RoleName="sandbox", PolicyName="findings")
    finally:
        iam.delete_role(RoleName="sandbox")


async def test_whether_findings_may_be_changed_is_asked_of_iam(cloud: Cloud, tmp_path: Path) -> None:
    iam = boto3.client("iam", endpoint_url=cloud.moto_url, region_name="us-east-1")
    iam.create_role(RoleName="posture-reader", AssumeRolePolicyDocument=json.dumps(policy("Allow", "sts:*")))
    try:
        assert (await check(tmp_path))["update-findings"].status is CheckStatus.FAILED
        iam.put_role_policy(
            RoleName="posture-reader",
            PolicyName="findings",
            PolicyDocument=json.dumps(policy("Allow", "securityhub:BatchUpdate*")),
        )
        assert (await check(tmp_path))["update-findings"].status is CheckStatus.OK
        iam.put_role_policy(
            RoleName="posture-reader",
            PolicyName="no",
            PolicyDocument=json.dumps(policy("Deny", "securityhub:BatchUpdateFindings")),
        )
        denied = (await check(tmp_path))["update-findings"]
        assert (denied.status, "explicitDeny" in denied.message) == (CheckStatus.FAILED, True)
        assert "update-findings" not in {
            each.check.rpartition("/")[2] for each in (await check(tmp_path, verbs=["Score"])).results
        }
    finally:
        for name in iam.list_role_policies(RoleName="posture-reader")["PolicyNames"]:
            iam.delete_role_policy(RoleName="posture-reader", PolicyName=name)
        iam.delete_role(RoleName="posture-reader")


@pytest.mark.parametrize(("bump", "says"), [(True, "confirmed"), (False, "refuted")])
async def test_whether_archival_moves_the_time_of_the_update_is_seen_in_histories(
    cloud: Cloud, tmp_path: Path, *, bump: bool, says: str
) -> None:
    for each in cloud.control.findings():
        if each["RecordState"] == "ARCHIVED":
            cloud.control.mutate({"op": "delete", "id": each["Id"]})
    cloud.control.mutate(
        {"op": "update", "id": (finding := first_of(cloud))["Id"], "updated_at": "2026-01-01T00:00:00Z"}
    )
    cloud.control.mutate({"op": "archive", "id": finding["Id"], "bump": bump})
    fact = (await check(tmp_path))["fact/archival-updates"]
    assert fact.message.startswith(says)
    assert fact.status is (CheckStatus.OK if bump else CheckStatus.WARNING)


async def test_notes_tell_that_people_leave_the_time_of_the_update_alone(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.control.mutate(
        {"op": "workflow", "id": first_of(cloud)["Id"], "note": "looked at", "by": "somebody"}
    )
    found = await check(tmp_path)
    for fact in ("note-filter", "note-keeps-time"):
        assert found[f"fact/{fact}"].message.startswith("confirmed")


async def test_a_hub_that_two_targets_share_is_asked_once(cloud: Cloud, tmp_path: Path) -> None:
    found = await check(tmp_path, target(), target("other"))
    assert cloud.control.call_total("DescribeHub") == 1
    shared = found.by_name["security/other/hub"]
    assert (shared.status, "security/organization" in shared.message) == (CheckStatus.OK, True)
    assert "security/other/fact/sort-order" not in found.by_name
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", enabled=False)
    again = await check(tmp_path, target(), target("other"))
    assert again.by_name["security/other/hub"].status is CheckStatus.FAILED


async def test_targets_are_chosen_by_their_names(cloud: Cloud, tmp_path: Path) -> None:
    del cloud
    both = (target(), target("other", aws={"region": "eu-central-1"}))
    found = await check(tmp_path, *both, asked=("security/organization", "none"))
    assert found.by_name["targets"].message == "there is no PostureTarget none"
    assert not [each for each in found.by_name if each.startswith("security/other")]


def first_of(cloud: Cloud) -> dict[str, Any]:
    """Return a finding that is active, the first by its Id."""
    active = [each for each in cloud.control.findings() if each["RecordState"] == "ACTIVE"]
    return min(active, key=lambda each: str(each["Id"]))


def limiters() -> Limiters:
    """Make buckets whose seconds pass a hundred times as fast."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / _FASTER)

    return Limiters(1.0, monotonic=lambda: time.monotonic() * _FASTER, sleep=sleep)


def policy(effect: str, action: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": [action], "Resource": "*"}],
    }
