"""The findings that Config sends to Security Hub: of resources, on a change of what a rule says of them.

User guide, "AWS Config" among the integrations: fields and their values; service-linked rules send none; sent
on a change alone, so that a resource that was always as it is has none.
"""

from typing import Any

from sandbox.config.rules import NON_COMPLIANT, OWN_PREFIX, Evaluation, finding_digest, in_asff, rule_arn
from sandbox.securityhub.catalogue import partition_of


def sends(rule: str) -> bool:
    """Say whether findings come of a rule, by its whole name."""
    return not rule.startswith(OWN_PREFIX)


def product_arn(region: str) -> str:
    """Return the ProductArn of Config's findings."""
    return f"arn:{partition_of(region)}:securityhub:{region}::product/aws/config"


def finding_id(account: str, region: str, rule: str, evaluation: Evaluation) -> str:
    """Return the Id of the finding about a rule (its whole name) and a resource: always the same."""
    unique = finding_digest(rule, evaluation.resource_type, evaluation.resource_id)
    return f"{rule_arn(account, region, rule)}/finding/{unique}"


def finding_of(
    account: str, region: str, rule: str, evaluation: Evaluation, *, created_at: str, updated_at: str
) -> dict[str, Any]:
    """Return the finding in ASFF; times as ASFF writes them. Its workflow is that of a new one."""
    arn, failed = rule_arn(account, region, rule), evaluation.compliance == NON_COMPLIANT
    kind, resource = in_asff(evaluation, account, region)
    identifier = finding_id(account, region, rule, evaluation)
    types = ["Software and Configuration Checks"]
    workflow = "NEW" if failed else "RESOLVED"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": identifier,
        "ProductArn": product_arn(region),
        "ProductName": "Config",
        "CompanyName": "AWS",
        "Region": region,
        "AwsAccountId": account,
        "GeneratorId": arn,
        "Types": types,
        "CreatedAt": created_at,
        "UpdatedAt": updated_at,
        "ProcessedAt": updated_at,
        "Severity": {"Label": "MEDIUM", "Normalized": 40},
        "Title": rule,
        "Description": f"This finding is created for a resource compliance change for config rule: {rule}",
        "ProductFields": {
            "aws/securityhub/ProductName": "Config",
            "aws/securityhub/CompanyName": "AWS",
            "aws/securityhub/FindingId": f"{product_arn(region)}/{identifier}",
            "aws/config/ConfigRuleArn": arn,
            "aws/config/ConfigRuleName": rule,
            "aws/config/ConfigComplianceType": evaluation.compliance,
        },
        "Resources": [{"Type": kind, "Id": resource, "Partition": partition_of(region), "Region": region}],
        "Compliance": {"Status": "FAILED" if failed else "PASSED"},
        "WorkflowState": workflow,
        "Workflow": {"Status": workflow},
        "RecordState": "ACTIVE",
        "FindingProviderFields": {"Severity": {"Label": "MEDIUM"}, "Types": types},
    }
