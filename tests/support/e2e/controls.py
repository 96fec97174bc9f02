"""Policies that turn controls off, and what the emulator then says of them."""

from collections.abc import Iterable
from typing import Any

import boto3

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import OWNER, in_hours
from tests.support.e2e.stage import FSBP, Stage

HOME = "111122223333"


ROLE = "posture-controls"


REGION = "eu-west-1"


ARN = f"arn:aws:securityhub:{REGION}::standards/{FSBP}"


CONTROL = "SecretsManager.4"


UPDATE = "BatchUpdateStandardsControlAssociations"


def allow(stage: Stage, **changes: Any) -> None:
    """Configure the operator to let the namespace turn controls off."""
    grant = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score", "DisableControls"],
        "disableControls": {"roleNames": [ROLE]},
    }
    stage.configure(**{"grants": [grant], "ownerId": OWNER, **changes})


def policy(stage: Stage, name: str = "secrets", **spec: Any) -> str:
    """Apply a SuppressionPolicy that turns a control off everywhere; return its name."""
    keys = ("standards", "controls", "accounts", "regions", "roleName")
    controls = {
        "standards": [FSBP],
        "controls": [CONTROL],
        "accounts": ["*"],
        "regions": [REGION],
        **{key: spec.pop(key) for key in keys if key in spec},
    }
    declared = {
        "targetRef": {"name": "organization"},
        "justification": "Secrets are rotated by their own service",
        "approvedBy": "security@example.com",
        "expiresAt": in_hours(24 * 30),
        "disableControls": controls,
        **spec,
    }
    stage.apply("SuppressionPolicy", name, declared)
    return name


def hub_of(cloud: Cloud, account: str, region: str = REGION) -> Any:
    """Return a client of an account's Security Hub, as a person there has it."""
    env = cloud.env_for(account, region)
    return boto3.client(
        "securityhub",
        endpoint_url=cloud.securityhub_url,
        region_name=region,
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=env["AWS_SESSION_TOKEN"],
    )


def is_off(cloud: Cloud, account: str, control: str = CONTROL, region: str = REGION) -> str | None:
    """Return the reason why a control is off in an account; None: it is on."""
    arn = ARN.replace(REGION, region)
    answer = hub_of(cloud, account, region).batch_get_standards_control_associations(
        StandardsControlAssociationIds=[{"StandardsArn": arn, "SecurityControlId": control}]
    )
    (found,) = answer["StandardsControlAssociationDetails"]
    return None if found["AssociationStatus"] == "ENABLED" else found["UpdatedReason"]


def switch(cloud: Cloud, account: str, *, on: bool, why: str = "I say so", control: str = CONTROL) -> None:
    """Turn a control on or off, as a person does."""
    update = {"StandardsArn": ARN, "SecurityControlId": control, "UpdatedReason": why}
    hub_of(cloud, account).batch_update_standards_control_associations(
        StandardsControlAssociationUpdates=[{**update, "AssociationStatus": "ENABLED" if on else "DISABLED"}]
    )


def accounts(cloud: Cloud) -> list[str]:
    """Return the accounts of the organization, in order."""
    return sorted({each["AwsAccountId"] for each in cloud.control.findings()})


def marked(cloud: Cloud, where: Iterable[str], name: str, stage: Stage) -> bool:
    """Whether the control is off in all these accounts, for the policy of that name."""
    mark = f"[posture.dev owner={OWNER} policy={stage.namespace}/{name} "
    return all((is_off(cloud, account) or "").startswith(mark) for account in where)


def failing(cloud: Cloud, control: str = CONTROL) -> list[str]:
    """Return the accounts in which the control fails by the new format's findings, in order."""
    return sorted(
        each["AwsAccountId"]
        for each in cloud.control.findings()
        if each.get("Compliance", {}).get("SecurityControlId") == control
        and each["Compliance"]["Status"] == "FAILED"
        and each["RecordState"] == "ACTIVE"
        and each["Workflow"]["Status"] != "SUPPRESSED"
    )
