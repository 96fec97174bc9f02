"""Insights as Security Hub keeps them: a name, filters, and the attribute that findings are grouped by.

User guide, "Managed insights": their numbers and filters; names are shortened. Those whose filters that page
gives as a list of types that is not known here, or with an ARN, are left out; their numbers are known to
exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

LAST = 40
ABSENT = frozenset({2, 4, 5, 15, 20})
"""Numbers up to the last that no managed insight has."""

Filters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Insight:
    """One insight. `filters`: as GetFindings takes them."""

    name: str
    group_by: str
    filters: Filters

    def described(self, arn: str) -> dict[str, Any]:
        """Return it as GetInsights does."""
        return {
            "InsightArn": arn,
            "Name": self.name,
            "Filters": dict(self.filters),
            "GroupByAttribute": self.group_by,
        }


def _are(*values: str, comparison: str = "EQUALS") -> list[dict[str, str]]:
    return [{"Comparison": comparison, "Value": each} for each in values]


def _begins(value: str) -> dict[str, Any]:
    return {"Type": _are(value, comparison="PREFIX")}


def _is(type_: str) -> dict[str, Any]:
    return {"ResourceType": _are(type_)}


_OPEN: Filters = {"RecordState": _are("ACTIVE"), "WorkflowStatus": _are("NEW", "NOTIFIED")}
_BUCKET, _INSTANCE, _KEY = _is("AwsS3Bucket"), _is("AwsEc2Instance"), _is("AwsIamAccessKey")
_STANDARDS = _begins("Software and Configuration Checks/Industry and Regulatory Standards")
_REACHABLE = _begins("Software and Configuration Checks/AWS Security Best Practices/Network Reachability")
_LAST_DAY = {"UpdatedAt": [{"DateRange": {"Value": 1, "Unit": "DAYS"}}]}
_FAILED = {**_LAST_DAY, "ComplianceStatus": _are("FAILED")}
_IMAGE = "ResourceAwsEc2InstanceImageId"
_USER = "ResourceAwsIamAccessKeyUserName"

_MANAGED: Mapping[int, tuple[str, str, Filters]] = {
    1: ("AWS resources with the most findings", "ResourceId", {}),
    3: ("AMIs that are generating the most findings", _IMAGE, _INSTANCE),
    6: ("AWS resources that don't meet security standards", "ResourceId", _STANDARDS),
    7: ("Potential data exfiltration", "ResourceId", _begins("Effects/Data Exfiltration/")),
    8: ("Unauthorized resource consumption", "ResourceId", _begins("Effects/Resource Consumption")),
    9: ("AWS principals with suspicious access key activity", _USER, _KEY),
    10: ("S3 buckets with public permissions", "ResourceId", {**_begins("Effects/Data Exposure"), **_BUCKET}),
    11: ("S3 buckets that don't meet security standards", "ResourceId", {**_STANDARDS, **_BUCKET}),
    12: (
        "S3 buckets with sensitive data",
        "ResourceId",
        {**_begins("Sensitive Data Identifications/"), **_BUCKET},
    ),
    13: (
        "Credentials that may have leaked",
        "ResourceId",
        _begins("Sensitive Data Identifications/Passwords/"),
    ),
    14: ("EC2 instances in known TTPs", "ResourceId", {**_begins("TTPs"), **_INSTANCE}),
    16: (
        "EC2 instances that miss security patches",
        "ResourceId",
        {**_begins("Software and Configuration Checks/Vulnerabilities/CVE"), **_INSTANCE},
    ),
    17: (
        "EC2 instances with unusual behavior",
        "ResourceId",
        {**_begins("Unusual Behaviors"), **_INSTANCE},
    ),
    18: ("EC2 instances with ports open to the Internet", "ResourceId", {**_REACHABLE, **_INSTANCE}),
    21: ("EC2 instances that are open to the Internet", "ResourceId", {**_REACHABLE, **_INSTANCE}),
    22: (
        "EC2 instances and adversary reconnaissance",
        "ResourceId",
        {**_begins("TTPs/Discovery/Recon"), **_INSTANCE},
    ),
    27: ("AWS accounts with the most findings", "AwsAccountId", {}),
    28: ("AWS products with the most findings", "ProductName", {}),
    29: ("Severity by counts of findings", "SeverityLabel", {}),
    30: ("Top S3 buckets by counts of findings", "ResourceId", _BUCKET),
    31: ("Top EC2 instances by counts of findings", "ResourceId", _INSTANCE),
    32: ("Top AMIs by counts of findings", _IMAGE, _INSTANCE),
    33: ("Top IAM users by counts of findings", _USER, _KEY),
    35: ("Top integrations by counts of findings", "ProductArn", {}),
    36: ("Resources with the most failed security checks", "ResourceId", _FAILED),
    40: ("AWS applications with the most findings", "ResourceApplicationArn", {}),
}
MANAGED: Mapping[int, Insight] = MappingProxyType(
    {
        number: Insight(name, group_by, {**_OPEN, **filters})
        for number, (name, group_by, filters) in _MANAGED.items()
    }
)
"""Those that are served, by the number that ends their ARN."""
