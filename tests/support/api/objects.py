"""Objects that the API takes, minimal and maximal: for the models and for a real API server alike."""

import copy
from typing import Any

from posture.api.remediation import Remediation
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import API_VERSION, CustomResource
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget

Object = dict[str, Any]
ABSENT = object()

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
PATTERN = "^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$"

SELECTOR: Object = {
    "controls": ["S3.11", "EC2.*"],
    "standards": [FSBP, "cis-aws-foundations-benchmark/v/*"],
    "accounts": ["111122223333", "4444*", "*", "55556666777?"],
    "workloads": ["payments"],
    "environments": ["prod*"],
    "regions": ["eu-west-1", "us-*"],
    "resourceTypes": ["AwsS3Bucket"],
    "resourceIds": ["arn:aws:s3:::logs-*"],
    "severities": ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"],
    "products": ["Security Hub", "GuardDuty"],
    "titles": ["S3 * should ?"],
    "tags": {"team": ["storage", ""], "Überschrift": ["*"]},
}

_MINIMAL: dict[type[CustomResource], Object] = {
    PostureTarget: {
        "aws": {"region": "eu-west-1"},
        "source": {"securityStandards": {"standards": ["*"]}},
    },
    SuppressionPolicy: {
        "targetRef": {"name": "organization"},
        "justification": "Retention is handled by lifecycle policies",
        "approvedBy": "security@example.com",
        "expiresAt": "2027-03-31T00:00:00Z",
        "suppressFindings": {"match": [{"controls": ["S3.11"]}]},
    },
    RemediationRule: {
        "targetRef": {"name": "organization"},
        "match": [{"controls": ["S3.1"]}],
        "action": {"builtin": {"name": "s3-account-block-public-access"}},
    },
    Remediation: {
        "ruleRef": {"name": "block-public-access"},
        "targetRef": {"name": "organization"},
        "action": {"builtin": {"name": "s3-account-block-public-access"}},
        "resource": {
            "type": "AwsAccount",
            "id": "AWS::::Account:111122223333",
            "accountId": "111122223333",
            "region": "eu-west-1",
        },
        "finding": {"id": "arn:aws:securityhub:…/finding/1", "productArn": "arn:aws:securityhub:…"},
        "planHash": "0123456789abcdef",
    },
}

# The defaults that the API server adds to the minimal objects.
DEFAULTS: dict[type[CustomResource], Object] = {
    PostureTarget: {
        "suspend": False,
        "interval": "5m",
        "fullSyncInterval": "24h",
        "products": ["Security Hub"],
        "accounts": {"include": ["*"]},
        "scoring": {"method": "SecurityHub", "evaluationWindow": "30h"},
        "grouping": {"defaultEnvironment": ""},
        "objectives": {},
    },
    SuppressionPolicy: {
        "suspend": False,
        "mode": "Enforce",
        "deletionPolicy": "Reopen",
        "suppressFindings": {"match": [{"controls": ["S3.11"]}], "maxFindings": 1000},
    },
    RemediationRule: {
        "suspend": False,
        "mode": "DryRun",
        "optOut": {},
        "identity": {"roleName": "posture-remediation"},
        "limits": {
            "perCycle": 10,
            "perDay": 50,
            "percent": 10,
            "concurrent": 2,
            "perResource": {"max": 3, "per": "720h"},
        },
        "delay": "24h",
        "approval": "NotRequired",
        "verify": {"timeout": "5m"},
        "resolveFindings": True,
        "history": {"limit": 100, "keepFor": "2160h"},
    },
    Remediation: {
        "undo": False,
        "roleName": "posture-remediation",
        "ruleRef": {"name": "block-public-access", "uid": "", "digest": ""},
        "finding": {
            "id": "arn:aws:securityhub:…/finding/1",
            "productArn": "arn:aws:securityhub:…",
            "control": "",
        },
    },
}

_MAXIMAL: dict[type[CustomResource], list[Object]] = {
    PostureTarget: [
        {
            "suspend": True,
            "interval": "1h30m",
            "fullSyncInterval": "5s",
            "aws": {"region": "us-gov-west-1", "roleArn": "arn:aws-us-gov:iam::111122223333:role/a/b/reader"},
            "source": {"securityStandards": {"standards": [FSBP, "pci-dss/v/3.2.1"]}},
            "products": ["Security Hub", "GuardDuty", "Inspector"],
            "accounts": {"include": ["1111*", "444455556666"], "exclude": ["999988887777"]},
            "scoring": {"method": "ExpectedControls", "evaluationWindow": "26h"},
            "grouping": {
                "accountNamePattern": PATTERN,
                "defaultEnvironment": "production",
                "overrides": [
                    {"accountId": "444455556666", "workload": "shared-network", "environment": "production"},
                    {"accountId": "777788889999", "workload": "data"},
                ],
            },
            "publish": [{"output": "posture-metrics"}, {"output": "soc"}],
            "insights": [
                "1",
                "36",
                "arn:aws-us-gov:securityhub:::insight/securityhub/default/27",
                "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:insight/111122223333/custom/a1-b2",
            ],
            "objectives": {
                "minimumScore": 90,
                "trend": {"window": "336h", "maxDrop": 2},
                "resolveWithin": {"critical": "24h", "high": "168h", "medium": "720h", "low": "2160h"},
            },
        },
        {
            "aws": {"region": "eusc-de-east-1"},
            "source": {"conformancePacks": {"names": ["OrgConformsPack-baseline-abc"], "aggregator": "org"}},
            "products": ["Config"],
            "objectives": {"minimumScore": 92.5, "trend": {"window": "1.5h", "maxDrop": 0.5}},
        },
        {
            "aws": {"region": "eu-west-1"},
            "source": {"securityStandards": {"standards": ["*"]}},
            "products": ["GuardDuty", "Security Hub CSPM"],
        },
        {
            "aws": {"region": "ap-southeast-2"},
            "source": {
                "configRules": {"names": ["my-rule-1", "AWSControlTower_AWS-GR_X"], "aggregator": "org"}
            },
        },
    ],
    SuppressionPolicy: [
        {
            **_MINIMAL[SuppressionPolicy],
            "suspend": True,
            "mode": "DryRun",
            "justification": "é" * 250,
            "expiresAt": "2027-03-31T00:00:00.5+02:00",
            "reference": "S" * 100,
            "owner": "team-storage",
            "review": {"interval": "168h", "reviewedAt": "2026-11-20T00:00:00Z"},
            "suppressFindings": {"match": [SELECTOR], "exceptions": [SELECTOR], "maxFindings": 1},
            "deletionPolicy": "Retain",
        },
        {
            **{key: value for key, value in _MINIMAL[SuppressionPolicy].items() if key != "suppressFindings"},
            "disableControls": {
                "standards": ["*"],
                "controls": ["S3.11", "APIGateway.1"],
                "accounts": ["*"],
                "regions": ["eu-west-1"],
                "roleName": "posture-controls",
            },
        },
    ],
    RemediationRule: [
        {
            "targetRef": {"name": "organization"},
            "suspend": True,
            "mode": "Enforce",
            "match": [SELECTOR],
            "exceptions": [SELECTOR],
            "optOut": {"tags": [{"key": "AllowPublicAccess", "values": ["true"]}, {"key": "Keep"}]},
            "identity": {"roleName": "remedy+all@example"},
            "action": {
                "ssmAutomation": {
                    "document": "AWS-DisablePublicAccessForSecurityGroup",
                    "documentVersion": "1",
                    "parameters": {
                        "GroupId": ["{{ resource.name }}"],
                        "Notes": ["{{finding.control}} of {{  resource.accountId  }}", '{"a": {"b": {}}}'],
                    },
                    "timeout": "30m",
                    "undoDocument": {
                        "document": "arn:aws:ssm:eu-west-1:111122223333:document/Open-Group",
                        "documentVersion": "12",
                        "parameters": {"Run": ["{{ execution.id }}"]},
                    },
                }
            },
            "limits": {
                "perCycle": 1,
                "perDay": 10000,
                "percent": 100,
                "concurrent": 1,
                "perResource": {"max": 1, "per": "1h"},
            },
            "window": {
                "schedule": "*/15 9-17 1,15 JAN-MAR MON-FRI",
                "duration": "8h",
                "timeZone": "Europe/Amsterdam",
            },
            "delay": "0s",
            "approval": "Required",
            "verify": {"timeout": "90s"},
            "resolveFindings": False,
            "history": {"limit": 1, "keepFor": "1h"},
        },
        {**_MINIMAL[RemediationRule], "window": {"schedule": "0 9 * * 1-5"}},
    ],
    Remediation: [
        {
            **_MINIMAL[Remediation],
            "ruleRef": {"name": "block-public-access", "uid": "568f69b7-619e-4b34-adaf-4871b3ca4a94"},
            "roleName": "posture-fixer",
            "findings": [{"id": "f", "productArn": "p", "control": "S3.1"}, {"id": "g", "productArn": "p"}],
            "writes": [{"name": "public access block", "summary": "Blocks public access"}, {"name": "b"}],
            "approval": {"by": "security@example.com", "planHash": "0123456789abcdef"},
            "undo": True,
        }
    ],
}

KINDS = tuple(_MINIMAL)
# Each at the edge of what the API server takes for white space, where Python's own idea is another one.
_PADDED = ["a" * 19 + "\x1f", "\x1c" * 20, "\u180e\u200b" * 10, "approved \v by two of us"]
ACCEPTED = [
    *((kind, spec) for kind, spec in _MINIMAL.items()),
    *((kind, spec) for kind, specs in _MAXIMAL.items() for spec in specs),
    *((SuppressionPolicy, {**_MINIMAL[SuppressionPolicy], "justification": text}) for text in _PADDED),
]


def minimal(kind: type[CustomResource]) -> Object:
    """Give the smallest spec that is accepted."""
    return copy.deepcopy(_MINIMAL[kind])


def maximal(kind: type[CustomResource], number: int = 0) -> Object:
    """Give one of the specs in which (nearly) everything is written."""
    return copy.deepcopy(_MAXIMAL[kind][number])


def whole(
    kind: type[CustomResource], spec: Object, name: str = "example", namespace: str = "default"
) -> Object:
    """Make an object of a spec."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind.__name__, "metadata": metadata, "spec": spec}


def changed(spec: Object, path: str, value: object) -> Object:
    """Give a copy of a spec with the value at a dotted path replaced, or gone (ABSENT)."""
    spec = copy.deepcopy(spec)
    *parents, last = path.split(".")
    inner: Any = spec
    for parent in parents:
        inner = inner[int(parent)] if isinstance(inner, list) else inner.setdefault(parent, {})
    if isinstance(inner, list):
        inner[int(last)] = value
    elif value is ABSENT:
        del inner[last]
    else:
        inner[last] = value
    return spec
