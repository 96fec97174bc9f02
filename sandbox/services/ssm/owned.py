"""Documents that belong to Amazon, in every account and Region. All others are moto's."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError

from sandbox.services.call import Answer, Call, Refusal
from sandbox.services.ssm.runbook import Content
from sandbox.services.ssm.service import SERVICE

_CREATED = datetime(2024, 1, 9, tzinfo=UTC)
_ROLE = {"type": "String", "description": "(Optional) The role that does it.", "default": ""}
_WORLD: Mapping[str, Any] = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_WORLD_6: Mapping[str, Any] = {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def _revoke(name: str, port: int, source: Mapping[str, Any]) -> Mapping[str, Any]:
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}
    return {
        "name": name,
        "action": "aws:executeAwsApi",
        "inputs": {
            "Service": "ec2",
            "Api": "RevokeSecurityGroupIngress",
            "GroupId": "{{ GroupId }}",
            "IpPermissions": [permission],
        },
    }


_DISABLE_PUBLIC_ACCESS: Content = {
    "schemaVersion": "0.3",
    "description": "Disables SSH and RDP ports that are open to all IP addresses.",
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {
        "GroupId": {
            "type": "String",
            "description": "(Required) The id of the security group.",
            "allowedPattern": "sg-[0-9a-f]+",
        },
        "IpAddressToBlock": {"type": "String", "description": "(Optional) More to block.", "default": ""},
        "AutomationAssumeRole": _ROLE,
    },
    # As its reference says, it fails where one of the four is not there; here in default VPCs too.
    "mainSteps": [
        _revoke("RevokeSSH", 22, _WORLD),
        _revoke("RevokeSSHIPv6", 22, _WORLD_6),
        _revoke("RevokeRDP", 3389, _WORLD),
        _revoke("RevokeRDPIPv6", 3389, _WORLD_6),
    ],
}
_CONFIGURE_PUBLIC_ACCESS_BLOCK: Content = {
    "schemaVersion": "0.3",
    "description": "Configures the public access block of a bucket.",
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {
        "BucketName": {"type": "String", "description": "(Required) The bucket."},
        "AutomationAssumeRole": _ROLE,
    },
    "mainSteps": [
        {
            "name": "PutBucketPublicAccessBlock",
            "action": "aws:executeAwsApi",
            "inputs": {
                "Service": "s3",
                "Api": "PutPublicAccessBlock",
                "Bucket": "{{ BucketName }}",
                "PublicAccessBlockConfiguration": dict.fromkeys(
                    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
                    True,
                ),
            },
        }
    ],
}
_RUN_SHELL_SCRIPT: Content = {
    "schemaVersion": "1.2",
    "description": "Runs a shell script.",
    "parameters": {"commands": {"type": "StringList", "description": "(Required) The script."}},
    "runtimeConfig": {},
}
_AUTOMATION = "Automation"
# name: type, contents by version; the last one is the default.
_OWNED: Mapping[str, tuple[str, Mapping[str, Content]]] = MappingProxyType(
    {
        "AWS-DisablePublicAccessForSecurityGroup": (
            _AUTOMATION,
            {
                "1": {**_DISABLE_PUBLIC_ACCESS, "mainSteps": _DISABLE_PUBLIC_ACCESS["mainSteps"][::2]},
                "2": _DISABLE_PUBLIC_ACCESS,
            },
        ),
        "AWS-ConfigureS3BucketPublicAccessBlock": (_AUTOMATION, {"1": _CONFIGURE_PUBLIC_ACCESS_BLOCK}),
        "AWS-RunShellScript": ("Command", {"1": _RUN_SHELL_SCRIPT}),
    }
)


def content_of(call: Call, name: str, version: str | None) -> tuple[str, Content]:
    """Return the version and the content of an Automation document. Raises Refusal as Automation does."""
    if name in _OWNED:
        kind, versions = _OWNED[name]
        chosen = _chosen(versions, version)
        if kind == _AUTOMATION and chosen is not None:
            return chosen, versions[chosen]
    else:
        kind, content, chosen = _own_document(call, name, version)
        if kind == _AUTOMATION and content is not None and chosen is not None:
            return chosen, content
    if kind != _AUTOMATION:
        raise Refusal(
            "AutomationDefinitionNotFoundException",
            f"An Automation definition with the name {name} could not be found.",
        )
    raise Refusal(
        "AutomationDefinitionVersionNotFoundException",
        f"An Automation definition with the name {name} and version {version} could not be found.",
    )


@SERVICE.answers("DescribeDocument")
def describe_document(call: Call) -> Answer:
    """Describe a document of Amazon's."""
    name, version = call.parameters["Name"], call.parameters.get("DocumentVersion")
    if name not in _OWNED:
        return call.moto()
    kind, versions = _OWNED[name]
    chosen = _chosen(versions, version)
    if chosen is None:
        raise Refusal("InvalidDocumentVersion", "The document version is not valid or does not exist.")
    content = versions[chosen]
    text = json.dumps(content)
    return {
        "Document": {
            **_identified(name, chosen),
            "Hash": hashlib.sha256(text.encode()).hexdigest(),
            "HashType": "Sha256",
            "CreatedDate": _CREATED,
            "Status": "Active",
            "Description": content["description"],
            "Parameters": [
                {
                    "Name": each,
                    "Type": about["type"],
                    "Description": about["description"],
                    **({"DefaultValue": about["default"]} if "default" in about else {}),
                }
                for each, about in content["parameters"].items()
            ],
            "LatestVersion": _latest(versions),
            "DefaultVersion": _latest(versions),
            "Tags": [],
            "DocumentType": kind,
        }
    }


@SERVICE.answers("ListDocuments")
def list_documents(call: Call) -> Answer:
    """List Amazon's documents where the filters ask for them, else moto's."""
    filters = call.parameters.get("Filters", [])
    owners = {value for each in filters if each["Key"] == "Owner" for value in each["Values"]}
    if "Amazon" not in owners:
        return call.moto()
    return {
        "DocumentIdentifiers": [
            _identified(name, _latest(versions)) for name, (_, versions) in sorted(_OWNED.items())
        ]
    }


def _identified(name: str, version: str) -> Mapping[str, Any]:
    kind, versions = _OWNED[name]
    return {
        "Name": name,
        "Owner": "Amazon",
        "DocumentVersion": version,
        "DocumentType": kind,
        "SchemaVersion": versions[version]["schemaVersion"],
        "DocumentFormat": "JSON",
        "PlatformTypes": ["Windows", "Linux", "MacOS"],
    }


def _latest(versions: Mapping[str, Content]) -> str:
    return max(versions, key=int)


def _chosen(versions: Mapping[str, Content], version: str | None) -> str | None:
    wanted = _latest(versions) if version in {None, "$LATEST", "$DEFAULT"} else version
    return wanted if wanted in versions else None


def _own_document(call: Call, name: str, version: str | None) -> tuple[str, Content | None, str | None]:
    """Return type, content and version of a document of the account's own."""
    asked = {} if version is None else {"DocumentVersion": version}
    try:
        about = call.aws("ssm", "DescribeDocument", {"Name": name})["Document"]
    except ClientError:
        return "", None, None
    try:
        got = call.aws("ssm", "GetDocument", {"Name": name, "DocumentFormat": "JSON", **asked})
    except ClientError:
        return about["DocumentType"], None, None
    return about["DocumentType"], json.loads(got["Content"]), got["DocumentVersion"]
