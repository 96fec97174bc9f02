"""Rules of end-to-end tests whose action is an SSM Automation document, and the runs that there are of it."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.cloud import Cloud
from tests.support.e2e.remedied import REGION, client
from tests.support.e2e.rules import ROLE, allow
from tests.support.e2e.stage import Stage

CLOSE = "AWS-DisablePublicAccessForSecurityGroup"
OPEN = "Open-Ports"
A_GROUP = "^sg-[0-9a-f]+$"


def allow_documents(
    stage: Stage, *documents: Mapping[str, Any], max_mode: str = "Enforce", **changes: Any
) -> None:
    """Configure the operator to let the namespace run documents, and nothing else."""
    remediation = {"roleNames": [ROLE], "maxMode": max_mode, "documents": list(documents)}
    grant = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score", "Suppress", "Remediate"],
        "remediation": remediation,
    }
    allow(stage, grants=[grant], **changes)


def granted(name: str = CLOSE, owner: str = "Amazon", **parameters: str) -> dict[str, Any]:
    """Return the grant of a document; `parameters`: an expression for each."""
    return {"name": name, "owner": owner, "parameters": parameters or {"GroupId": A_GROUP}}


def run(name: str = CLOSE, version: str = "1", **changes: Any) -> dict[str, Any]:
    """Return the action of a rule that runs a document on groups."""
    document = {
        "document": name,
        "documentVersion": version,
        "parameters": {"GroupId": ["{{ resource.name }}"]},
        **changes,
    }
    return {"ssmAutomation": document}


def make_opening_document(cloud: Cloud, account: str) -> None:
    """Make a document of the account's own that opens SSH to everybody."""
    step = {
        "name": "Open",
        "action": "aws:executeAwsApi",
        "inputs": {
            "Service": "ec2",
            "Api": "AuthorizeSecurityGroupIngress",
            "GroupId": "{{ GroupId }}",
            "IpPermissions": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 22,
                    "ToPort": 22,
                    "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "undoes {{ Run }}"}],
                }
            ],
        },
    }
    content = {
        "schemaVersion": "0.3",
        "parameters": {"GroupId": {"type": "String"}, "Run": {"type": "String"}},
        "mainSteps": [step],
    }
    client(cloud, account, "ssm").create_document(
        Name=OPEN, DocumentType="Automation", DocumentFormat="JSON", Content=json.dumps(content)
    )


def runs(cloud: Cloud, account: str) -> dict[str, str]:
    """Return the status of each run that there is in an account, by its id."""
    listed = client(cloud, account, "ssm", REGION).describe_automation_executions()
    return {
        each["AutomationExecutionId"]: each["AutomationExecutionStatus"]
        for each in listed["AutomationExecutionMetadataList"]
    }
