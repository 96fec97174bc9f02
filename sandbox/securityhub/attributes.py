"""Where in a finding each filter attribute of GetFindings looks.

A path is written with dots; `[]` after a name means every element of the list there.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

_TOP_LEVEL = (
    *("ProductArn", "AwsAccountId", "Id", "GeneratorId", "Region", "FirstObservedAt", "LastObservedAt"),
    *("CreatedAt", "UpdatedAt", "Confidence", "Criticality", "Title", "Description", "SourceUrl"),
    *("ProductFields", "ProductName", "CompanyName", "UserDefinedFields", "VerificationState"),
    *("WorkflowState", "RecordState", "Sample", "AwsAccountName"),
)
_EC2_INSTANCE = (
    *("Type", "ImageId", "IpV4Addresses[]", "IpV6Addresses[]", "KeyName", "IamInstanceProfileArn"),
    *("VpcId", "SubnetId", "LaunchedAt"),
)

PATHS: Mapping[str, str] = MappingProxyType(
    {name: name for name in _TOP_LEVEL}
    | {
        f"ResourceAwsEc2Instance{name.removesuffix('[]')}": f"Resources[].Details.AwsEc2Instance.{name}"
        for name in _EC2_INSTANCE
    }
    | {
        "Type": "Types[]",
        "SeverityProduct": "Severity.Product",
        "SeverityNormalized": "Severity.Normalized",
        "SeverityLabel": "Severity.Label",
        "RecommendationText": "Remediation.Recommendation.Text",
        "MalwareName": "Malware[].Name",
        "MalwareType": "Malware[].Type",
        "MalwarePath": "Malware[].Path",
        "MalwareState": "Malware[].State",
        "NetworkDirection": "Network.Direction",
        "NetworkProtocol": "Network.Protocol",
        "NetworkSourceIpV4": "Network.SourceIpV4",
        "NetworkSourceIpV6": "Network.SourceIpV6",
        "NetworkSourcePort": "Network.SourcePort",
        "NetworkSourceDomain": "Network.SourceDomain",
        "NetworkSourceMac": "Network.SourceMac",
        "NetworkDestinationIpV4": "Network.DestinationIpV4",
        "NetworkDestinationIpV6": "Network.DestinationIpV6",
        "NetworkDestinationPort": "Network.DestinationPort",
        "NetworkDestinationDomain": "Network.DestinationDomain",
        "ProcessName": "Process.Name",
        "ProcessPath": "Process.Path",
        "ProcessPid": "Process.Pid",
        "ProcessParentPid": "Process.ParentPid",
        "ProcessLaunchedAt": "Process.LaunchedAt",
        "ProcessTerminatedAt": "Process.TerminatedAt",
        "ThreatIntelIndicatorType": "ThreatIntelIndicators[].Type",
        "ThreatIntelIndicatorValue": "ThreatIntelIndicators[].Value",
        "ThreatIntelIndicatorCategory": "ThreatIntelIndicators[].Category",
        "ThreatIntelIndicatorLastObservedAt": "ThreatIntelIndicators[].LastObservedAt",
        "ThreatIntelIndicatorSource": "ThreatIntelIndicators[].Source",
        "ThreatIntelIndicatorSourceUrl": "ThreatIntelIndicators[].SourceUrl",
        "ResourceType": "Resources[].Type",
        "ResourceId": "Resources[].Id",
        "ResourcePartition": "Resources[].Partition",
        "ResourceRegion": "Resources[].Region",
        "ResourceTags": "Resources[].Tags",
        "ResourceAwsS3BucketOwnerId": "Resources[].Details.AwsS3Bucket.OwnerId",
        "ResourceAwsS3BucketOwnerName": "Resources[].Details.AwsS3Bucket.OwnerName",
        "ResourceAwsIamAccessKeyUserName": "Resources[].Details.AwsIamAccessKey.UserName",
        "ResourceAwsIamAccessKeyPrincipalName": "Resources[].Details.AwsIamAccessKey.PrincipalName",
        "ResourceAwsIamAccessKeyStatus": "Resources[].Details.AwsIamAccessKey.Status",
        "ResourceAwsIamAccessKeyCreatedAt": "Resources[].Details.AwsIamAccessKey.CreatedAt",
        "ResourceAwsIamUserUserName": "Resources[].Details.AwsIamUser.UserName",
        "ResourceContainerName": "Resources[].Details.Container.Name",
        "ResourceContainerImageId": "Resources[].Details.Container.ImageId",
        "ResourceContainerImageName": "Resources[].Details.Container.ImageName",
        "ResourceContainerLaunchedAt": "Resources[].Details.Container.LaunchedAt",
        "ResourceDetailsOther": "Resources[].Details.Other",
        "ComplianceStatus": "Compliance.Status",
        "WorkflowStatus": "Workflow.Status",
        "RelatedFindingsProductArn": "RelatedFindings[].ProductArn",
        "RelatedFindingsId": "RelatedFindings[].Id",
        "NoteText": "Note.Text",
        "NoteUpdatedAt": "Note.UpdatedAt",
        "NoteUpdatedBy": "Note.UpdatedBy",
        "FindingProviderFieldsConfidence": "FindingProviderFields.Confidence",
        "FindingProviderFieldsCriticality": "FindingProviderFields.Criticality",
        "FindingProviderFieldsRelatedFindingsId": "FindingProviderFields.RelatedFindings[].Id",
        "FindingProviderFieldsRelatedFindingsProductArn": (
            "FindingProviderFields.RelatedFindings[].ProductArn"
        ),
        "FindingProviderFieldsSeverityLabel": "FindingProviderFields.Severity.Label",
        "FindingProviderFieldsSeverityOriginal": "FindingProviderFields.Severity.Original",
        "FindingProviderFieldsTypes": "FindingProviderFields.Types[]",
        "ComplianceSecurityControlId": "Compliance.SecurityControlId",
        "ComplianceAssociatedStandardsId": "Compliance.AssociatedStandards[].StandardsId",
        "ComplianceSecurityControlParametersName": "Compliance.SecurityControlParameters[].Name",
        "ComplianceSecurityControlParametersValue": "Compliance.SecurityControlParameters[].Value[]",
        "VulnerabilitiesExploitAvailable": "Vulnerabilities[].ExploitAvailable",
        "VulnerabilitiesFixAvailable": "Vulnerabilities[].FixAvailable",
        "ResourceApplicationName": "Resources[].ApplicationName",
        "ResourceApplicationArn": "Resources[].ApplicationArn",
        "ResourceOwnerAccountId": "Resources[].Owner.Account.Id",
        "ResourceOwnerOrgId": "Resources[].Owner.Org.Id",
        "ResourceProvider": "Resources[].Provider",
    }
)
"""The path of every attribute but `Keyword`, which looks everywhere."""


def reader(attribute: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    """Return a function from a finding to the values of one attribute: none where the path ends early.

    What has another form than ASFF's (a list where an object belongs) counts as missing.
    """
    steps = tuple((part.removesuffix("[]"), part.endswith("[]")) for part in PATHS[attribute].split("."))

    def read(finding: Mapping[str, Any]) -> list[Any]:
        values: list[Any] = [finding]
        for name, is_list in steps:
            values = [value[name] for value in values if isinstance(value, dict) and name in value]
            if is_list:
                values = [item for value in values if isinstance(value, list) for item in value]
        return [value for value in values if value is not None]

    return read


def all_strings(value: object) -> Iterator[str]:
    """Yield every string value inside a finding, at any depth: what `Keyword` searches."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from all_strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from all_strings(item)
