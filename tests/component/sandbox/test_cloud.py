"""The two processes together: one set of credentials, one environment, nothing left behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.cloud import Cloud, CloudError
from sandbox.securityhub.client import ControlError
from sandbox.waiting import wait_until

Json = dict[str, Any]
ADMIN, MEMBER = "111122223333", "222233334444"
HOME, LINKED = "eu-west-1", "us-east-1"


class Organization:
    """Two accounts, two Regions, eight findings."""

    def seed(self) -> Json:
        return {
            "administrator": ADMIN,
            "accounts": [{"id": ADMIN, "name": "audit"}, {"id": MEMBER, "name": "xebia-shop-dev"}],
            "regions": [HOME, LINKED],
            "aggregation": {"region": HOME},
        }

    def findings(self) -> Iterator[Json | bytes]:
        for number in range(8):
            region = (HOME, LINKED)[number % 2]
            finding = {
                "Id": f"f{number}",
                "ProductArn": f"arn:aws:securityhub:{region}::product/aws/securityhub",
                "AwsAccountId": (ADMIN, MEMBER)[number // 4],
                "Region": region,
                "UpdatedAt": f"2026-11-20T10:00:0{number}.000Z",
                "Workflow": {"Status": "NEW"},
                "RecordState": "ACTIVE",
            }
            yield finding if number % 3 else json.dumps(finding).encode()


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud.start(organization=Organization()) as started:
        yield started


@pytest.fixture
def session(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    return session_in(cloud.env, monkeypatch)


def session_in(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return boto3.Session()


def seen(session: Any, **config: Any) -> list[str]:
    return sorted(it["Id"] for it in session.client("securityhub", **config).get_findings()["Findings"])


def test_the_environment_is_the_administrators(session: boto3.Session) -> None:
    assert session.client("sts").get_caller_identity()["Account"] == ADMIN
    assert seen(session) == [f"f{number}" for number in range(8)]
    assert seen(session, region_name=LINKED) == ["f1", "f3", "f5", "f7"]


def test_any_account_has_an_environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_in(cloud.env_for(MEMBER, HOME), monkeypatch)
    assert session.client("sts").get_caller_identity()["Account"] == MEMBER
    assert seen(session) == ["f4", "f5", "f6", "f7"]


def test_a_role_assumed_at_moto_is_the_same_account_at_the_hub(session: boto3.Session) -> None:
    role = f"arn:aws:iam::{MEMBER}:role/posture-reader"
    credentials = session.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    assumed = boto3.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
    )
    assert seen(assumed) == ["f4", "f5", "f6", "f7"]
    table = assumed.client("kms").create_key()["KeyMetadata"]["AWSAccountId"]
    assert table == MEMBER


def test_the_settings_of_an_account_are_reached_whose_number_is_in_the_hosts_name(
    session: boto3.Session,
) -> None:
    client = session.client("s3control")
    flags = dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    client.put_public_access_block(AccountId=ADMIN, PublicAccessBlockConfiguration=flags)
    answer = client.get_public_access_block(AccountId=ADMIN)
    assert answer["PublicAccessBlockConfiguration"] == flags


def test_credentials_of_a_role_expire_one_by_one(cloud: Cloud, session: boto3.Session) -> None:
    client = session.client("securityhub")
    cloud.control.expire_credentials(cloud.env["AWS_ACCESS_KEY_ID"])
    with pytest.raises(client.exceptions.ClientError, match="ExpiredTokenException"):
        client.describe_hub()
    assert seen(boto3.Session(MEMBER, "unchecked", region_name=HOME)) == ["f4", "f5", "f6", "f7"]
    cloud.control.restore_credentials()
    client.describe_hub()


def test_the_control_client_shows_and_changes_the_truth(cloud: Cloud) -> None:
    control = cloud.control
    active = {"RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}]}
    member = {"AwsAccountId": [{"Value": MEMBER, "Comparison": "EQUALS"}]}
    assert control.mutate({"op": "archive", "where": member, "limit": 2}, {"op": "delete", "id": "f0"}) == [
        2,
        1,
    ]
    assert control.count(active) == 5
    assert [it["Id"] for it in control.findings(account=ADMIN)] == ["f1", "f2", "f3"]
    assert [it["Id"] for it in control.findings(region=HOME)] == ["f2", "f4", "f6"]
    with pytest.raises(ControlError, match="no finding has the Id"):
        control.mutate({"op": "delete", "id": "f0"})
    with pytest.raises(ControlError, match="no such standard"):
        control.seed({"accounts": [], "regions": [], "standards": ["x"]})
    with pytest.raises(ControlError, match="unknown field"):
        control.settings(latencies={})
    fault = control.fault("throttle", "GetFindings", count=None)
    assert control.faults()[0]["id"] == fault
    control.lift_faults(fault)
    assert control.faults() == []


def test_a_role_is_refused_until_it_is_allowed(cloud: Cloud, session: boto3.Session) -> None:
    sts = session.client("sts")
    role, other = (f"arn:aws:iam::{MEMBER}:role/{name}" for name in ("posture-reader", "other"))
    cloud.refuse_roles("arn:aws:iam::*:role/posture-*")
    with pytest.raises(ClientError, match=f"not authorized to perform: sts:AssumeRole on resource: {role}"):
        sts.assume_role(RoleArn=role, RoleSessionName="test")
    assert sts.assume_role(RoleArn=other, RoleSessionName="test")["Credentials"]
    assert sts.get_caller_identity()["Account"] == ADMIN
    cloud.refuse_roles()
    assert sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]


@pytest.fixture
def refusing(cloud: Cloud) -> Iterator[Cloud]:
    yield cloud
    cloud.refuse_sts()


def refused(sts: Any, role: str, **more: str) -> tuple[str, str, int]:
    """The code, message and HTTP status of the refusal of a role."""
    with pytest.raises(ClientError) as raised:
        sts.assume_role(RoleArn=role, RoleSessionName="test", **more)
    answer = raised.value.response
    error = answer["Error"]
    return error["Code"], error["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_sts_refuses_in_the_words_of_aws(refusing: Cloud, session: boto3.Session) -> None:
    sts, role = session.client("sts"), f"arn:aws:iam::{MEMBER}:role/posture-reader"
    refusing.refuse_sts({"code": "SignatureDoesNotMatch"})
    code, message, status = refused(sts, role)
    assert (code, status) == ("SignatureDoesNotMatch", 403)
    assert f"x-amz-security-token:{session.get_credentials().token}" in message
    refusing.refuse_sts({"code": "ValidationError", "role": role})
    code, message, status = refused(sts, role, ExternalId="prod-7")
    assert (code, status) == ("ValidationError", 400)
    assert "'prod-7' at 'externalId'" in message
    refusing.refuse_sts({"code": "RegionDisabledException"})
    assert refused(sts, role)[1].endswith(f"account:{MEMBER}")
    refusing.refuse_sts({"code": "AccessDenied", "message": "no & no"})
    assert refused(sts, role)[1] == "no & no"


def test_sts_refuses_by_region_and_action_so_many_times(refusing: Cloud, session: boto3.Session) -> None:
    here, there = session.client("sts"), session.client("sts", region_name="eu-south-1")
    role = f"arn:aws:iam::{MEMBER}:role/posture-reader"
    refusing.refuse_sts(
        {"code": "InvalidClientTokenId", "region": "eu-south-1", "count": 1},
        {"code": "ExpiredToken", "action": "GetCallerIdentity"},
    )
    assert here.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    assert refused(there, role)[0] == "InvalidClientTokenId"
    assert there.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    with pytest.raises(ClientError, match="ExpiredToken"):
        here.get_caller_identity()


@pytest.mark.parametrize("rule", [{"code": "Nonsense"}, {"code": "AccessDenied", "rol": "x"}, {}])
def test_a_rule_that_is_none_is_an_error(refusing: Cloud, rule: dict[str, str]) -> None:
    with pytest.raises(CloudError):
        refusing.refuse_sts(rule)


def test_findings_are_loaded_from_a_file(tmp_path: Path) -> None:
    seed, findings = tmp_path / "seed.json", tmp_path / "findings.ndjson"
    seed.write_text(json.dumps(Organization().seed()), encoding="utf-8")
    lines = [it if isinstance(it, bytes) else json.dumps(it).encode() for it in Organization().findings()]
    findings.write_bytes(b"\n".join(lines) + b"\n\n")
    with Cloud.start(seed_file=seed, quotas=1.0) as cloud:
        assert cloud.control.load(findings) == 8
        assert cloud.account == ADMIN
        assert cloud.control.health()["findings"] == 8
        cloud.control.reset()
        assert cloud.control.health()["findings"] == 0


PARENT = """
import sys
from sandbox.cloud import Cloud
cloud = Cloud.start()
print(cloud.moto_url, cloud.securityhub_url, flush=True)
sys.stdin.read()
"""


def test_nothing_outlives_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        urls = parent.stdout.readline().split()
        children = _children_of(parent.pid)
        assert len(urls) == len(children) == 2
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(_is_alive, children)), f"the end of {children}", seconds=15)


def _children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
