"""What each of the operator's roles must be allowed, by what it is for.

Names of actions: Service Authorization Reference. Those of builtin actions are their own declarations'.
"""

from collections.abc import Iterable
from typing import NamedTuple

from posture.domain.arns import bucket_arn, document_arns, is_kms_key_arn
from posture.remediation.actions.contract import Action
from posture.remediation.automation import IAM as AUTOMATION

ACCOUNT_TAGS = "organizations:ListTagsForResource"
"""What no role in a member account may do: who reads the organization does."""

READ_HUB = (
    "securityhub:BatchGetStandardsControlAssociations",
    "securityhub:DescribeHub",
    "securityhub:DescribeOrganizationConfiguration",
    "securityhub:DescribeSecurityHubV2",
    "securityhub:GetAdministratorAccount",
    "securityhub:GetEnabledStandards",
    "securityhub:GetFindingAggregator",
    "securityhub:GetFindings",
    "securityhub:GetInsightResults",
    "securityhub:GetInsights",
    "securityhub:ListFindingAggregators",
    "securityhub:ListMembers",
    "securityhub:ListOrganizationAdminAccounts",
    "securityhub:ListSecurityControlDefinitions",
)
READ_ORGANIZATION = ("organizations:ListAccounts", ACCOUNT_TAGS)
"""Of the management account, or of one that administers a service for the organization."""
READ_CONFIG = (
    "config:DescribeAggregateComplianceByConfigRules",
    "config:DescribeAggregateComplianceByConformancePacks",
    "config:DescribeConfigurationAggregatorSourcesStatus",
    "config:DescribeConfigurationAggregators",
    "config:GetAggregateComplianceDetailsByConfigRule",
)
"""In the account of the aggregator, for targets with `source.conformancePacks` or `source.configRules`."""
CHANGE_FINDINGS = ("securityhub:BatchUpdateFindings",)
SIMULATE = "iam:SimulatePrincipalPolicy"
"""Of a role on itself: by it `posture check` tells whether it may change findings, without doing it."""
READ_HISTORY = ("securityhub:GetFindingHistory",)
READ_CONTROLS = ("securityhub:BatchGetStandardsControlAssociations", "securityhub:GetEnabledStandards")
READ_QUEUE = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
PUT_METRICS = ("cloudwatch:PutMetricData",)
KEEP_SNAPSHOTS = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")
FIND_SNAPSHOTS = ("s3:ListBucket",)
"""Without it S3 says of an object that is not there that it may not be read."""
ENCRYPT_SNAPSHOTS = ("kms:Decrypt", "kms:GenerateDataKey")
SWITCH_CONTROLS = (
    "securityhub:BatchUpdateStandardsControlAssociations",
    "securityhub:UpdateStandardsControl",
)


class Statement(NamedTuple):
    """One statement of a policy. `sid`: letters and digits, unique in its role.

    `metric_namespaces`: of CloudWatch, where the statement holds in these only.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    metric_namespaces: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """Return it as a policy has it."""
        condition = {"StringEquals": {"cloudwatch:namespace": list(self.metric_namespaces)}}
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": self.resources[0] if len(self.resources) == 1 else list(self.resources),
            **({"Condition": condition} if self.metric_namespaces else {}),
        }


def of_snapshots(bucket: str, prefix: str, kms_key_id: str | None, partition: str) -> list[Statement]:
    """Return what keeping snapshots in a bucket needs."""
    arn = bucket_arn(partition, bucket)
    objects = bucket_arn(partition, bucket, "/".join(part for part in (prefix, "*") if part))
    found = [
        Statement("KeepSnapshots", KEEP_SNAPSHOTS, (objects,)),
        Statement("FindSnapshots", FIND_SNAPSHOTS, (arn,)),
    ]
    if kms_key_id is not None:
        key = kms_key_id if is_kms_key_arn(kms_key_id) else "*"
        found.append(Statement("EncryptSnapshots", ENCRYPT_SNAPSHOTS, (key,)))
    return found


def of_builtins(actions: Iterable[Action], *, writes: bool) -> list[Statement]:
    """Return what a role in a member account needs for these actions; without `writes`, to look only."""
    known = list(actions)
    found = [statement("ReadResources", (name for each in known for name in each.iam.read))]
    if writes:
        found.append(statement("WriteResources", (name for each in known for name in each.iam.write)))
        found.append(statement("UndoWrites", (name for each in known for name in each.iam.undo)))
    return [each for each in found if each.actions]


def of_documents(names: Iterable[str], partition: str, *, writes: bool) -> list[Statement]:
    """Return what a role needs to run these SSM documents, beside what their steps do."""
    documents = sorted(names)
    if not documents:
        return []
    found = [statement("ReadDocuments", AUTOMATION.read)]
    if writes:
        run = sorted({*AUTOMATION.write, *AUTOMATION.undo})
        named = [each for each in run if each == "ssm:StartAutomationExecution"]
        resources = [arn for name in documents for arn in document_arns(partition, name)]
        found.append(Statement("RunDocuments", tuple(named), tuple(resources)))
        found.append(statement("StopDocuments", (each for each in run if each not in named)))
    return found


def statement(sid: str, actions: Iterable[str]) -> Statement:
    """Make a statement about any resource, each action once, in order; those on accounts' tags left out."""
    return Statement(sid, tuple(sorted(set(actions) - {ACCOUNT_TAGS})))
