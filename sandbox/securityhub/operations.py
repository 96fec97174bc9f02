"""All operations that the emulator serves, by name."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from sandbox.securityhub import operations_accounts as accounts
from sandbox.securityhub import operations_findings as findings
from sandbox.securityhub import operations_insights as insights
from sandbox.securityhub import operations_standards as standards
from sandbox.securityhub import operations_v2 as v2
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError
from sandbox.securityhub.operations_findings import FindingsAnswer

Operation = Callable[[Context, dict[str, Any]], FindingsAnswer | dict[str, Any]]

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "GetFindings": findings.get_findings,
        "GetFindingsV2": v2.get_findings_v2,
        "GetFindingHistory": findings.get_finding_history,
        "BatchUpdateFindings": findings.batch_update_findings,
        "BatchImportFindings": findings.batch_import_findings,
        "DescribeStandards": standards.describe_standards,
        "GetEnabledStandards": standards.get_enabled_standards,
        "BatchEnableStandards": standards.batch_enable_standards,
        "BatchDisableStandards": standards.batch_disable_standards,
        "DescribeStandardsControls": standards.describe_standards_controls,
        "UpdateStandardsControl": standards.update_standards_control,
        "ListSecurityControlDefinitions": standards.list_security_control_definitions,
        "BatchGetSecurityControls": standards.batch_get_security_controls,
        "ListStandardsControlAssociations": standards.list_standards_control_associations,
        "BatchGetStandardsControlAssociations": standards.batch_get_standards_control_associations,
        "BatchUpdateStandardsControlAssociations": standards.batch_update_standards_control_associations,
        "CreateInsight": insights.create_insight,
        "UpdateInsight": insights.update_insight,
        "DeleteInsight": insights.delete_insight,
        "GetInsights": insights.get_insights,
        "GetInsightResults": insights.get_insight_results,
        "DescribeHub": accounts.describe_hub,
        "DescribeSecurityHubV2": accounts.describe_security_hub_v2,
        "EnableSecurityHub": accounts.enable_security_hub,
        "DisableSecurityHub": accounts.disable_security_hub,
        "UpdateSecurityHubConfiguration": accounts.update_security_hub_configuration,
        "ListFindingAggregators": accounts.list_finding_aggregators,
        "GetFindingAggregator": accounts.get_finding_aggregator,
        "CreateFindingAggregator": accounts.create_finding_aggregator,
        "UpdateFindingAggregator": accounts.update_finding_aggregator,
        "DeleteFindingAggregator": accounts.delete_finding_aggregator,
        "ListMembers": accounts.list_members,
        "GetMembers": accounts.get_members,
        "GetAdministratorAccount": accounts.get_administrator_account,
        "GetMasterAccount": accounts.get_master_account,
        "DescribeOrganizationConfiguration": accounts.describe_organization_configuration,
        "ListOrganizationAdminAccounts": accounts.list_organization_admin_accounts,
    }
)


def perform(context: Context, parameters: dict[str, Any]) -> FindingsAnswer | dict[str, Any]:
    """Carry out one operation. Raises ApiError; 501 for what the real service has and this one does not."""
    context.emulator.settle()
    operation = OPERATIONS.get(context.operation)
    if operation is None:
        message = f"The Security Hub emulator does not serve {context.operation}"
        raise ApiError("NotImplementedException", message, HTTPStatus.NOT_IMPLEMENTED)
    return operation(context, parameters)
