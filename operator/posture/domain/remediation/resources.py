"""Which resource a finding speaks of, as one that can be written to: account, partition, Region, type, Id.

Account and Region are those of the finding (`AwsAccountId`, `Region`), and an ARN must agree with them:
a trail of the organization, a subnet or a group that is shared shows in accounts that do not own it.
"""

import re
from typing import NamedTuple

from posture.domain.arns import account_of, partition_of, partition_of_region, region_of
from posture.domain.findings import Finding, Resource
from posture.domain.remediation.reasons import Outcome, Reason

ACCOUNT = "AwsAccount"
"""ASFF type of an account as a whole. A control of resources has it too, where there are none: PASSED."""

_ACCOUNT_ID = re.compile(r"AWS::::Account:([0-9]{12})", re.ASCII)
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}", re.ASCII)
_OURS = "Aws"
# Services with one endpoint for all Regions of a partition, by what the ASFF types of their resources begin
# with (AWS general reference, "Global services").
_GLOBAL = ("AwsIam", "AwsCloudFront", "AwsRoute53HostedZone")
# Where these are answered: `implicitGlobalRegion` of botocore's partitions.json.
_GLOBAL_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-northwest-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}


class WorksOn(NamedTuple):
    """What an action writes to.

    `types`: ASFF types. `whole_account`: what it sets of an account (type `AwsAccount`) is one setting for
    all Regions, as the public access block of S3 is, and not one for each, as default encryption of EBS is.
    """

    types: frozenset[str]
    whole_account: bool = False


class ResourceKey(NamedTuple):
    """What tells a resource from all others, whatever speaks of it."""

    account_id: str
    partition: str
    region: str
    """Where calls about it go; of what exists once for all Regions that of the partition's global endpoints,
    in whatever Region it was found."""
    type: str
    id: str

    @property
    def name(self) -> str:
        """Name it for people."""
        if self.type == ACCOUNT:
            return f"account {self.account_id} in {self.region}"
        return f"{self.id} of account {self.account_id} in {self.region}"


def resource_key(account_id: str, region: str, of_type: str, resource_id: str) -> ResourceKey:
    """Return the key of a resource as a journal entry names it, where the Region tells the partition."""
    return ResourceKey(account_id, partition_of_region(region), region, of_type, resource_id)


class Located(NamedTuple):
    """A resource, and why nothing can be done to it, if so."""

    key: ResourceKey
    refusal: Outcome | None = None


def located(finding: Finding, resource: Resource, works_on: WorksOn) -> Located:
    """Tell which resource an entry of a finding's `Resources` is to an action."""
    partition = partition_of_region(finding.region)
    region = finding.region
    if is_global(resource.type, works_on):
        region = _GLOBAL_REGIONS.get(partition, region)
    key = ResourceKey(finding.account_id, partition, region, resource.type, resource.id)
    return Located(key, _refusal(finding, resource, works_on))


def is_global(of_type: str, works_on: WorksOn) -> bool:
    """Whether a resource of a type exists once for all Regions, each of which may have a finding of it."""
    return works_on.whole_account if of_type == ACCOUNT else of_type.startswith(_GLOBAL)


def _refusal(finding: Finding, resource: Resource, works_on: WorksOn) -> Outcome | None:
    if resource.type == ACCOUNT and ACCOUNT in works_on.types:
        return _refusal_of_account(finding, resource)
    if not resource.type and not resource.id:
        return Outcome(Reason.NOT_SUPPORTED, "The finding names no resource.")
    partition = partition_of(resource.id)
    is_arn = partition.startswith("aws")
    if (partition and not is_arn) or not (is_arn or resource.type.startswith(_OURS)):
        return Outcome(Reason.NOT_AWS, f"A resource of type {resource.type} is none of AWS.")
    if resource.type not in works_on.types:
        return _not_supported(resource, works_on)
    if not is_arn:
        return Outcome(Reason.NOT_SUPPORTED, "The finding does not name the resource by its ARN.")
    if not _REGION.fullmatch(finding.region):
        return Outcome(Reason.UNREADABLE, "The finding does not say in which Region the resource is.")
    return _mismatch(finding, resource.id)


def _refusal_of_account(finding: Finding, resource: Resource) -> Outcome | None:
    match = _ACCOUNT_ID.fullmatch(resource.id)
    if match is None:
        return Outcome(Reason.NOT_SUPPORTED, "The finding does not name the account as AWS::::Account:<id>.")
    if match[1] != finding.account_id:
        return _differs("account", match[1], finding.account_id)
    if not _REGION.fullmatch(finding.region):
        return Outcome(Reason.UNREADABLE, "The finding does not say which Region it speaks of.")
    return None


def _mismatch(finding: Finding, arn: str) -> Outcome | None:
    account_id, region, partition = account_of(arn), region_of(arn), partition_of(arn)
    if account_id and account_id != finding.account_id:
        return _differs("account", account_id, finding.account_id)
    if region and region != finding.region:
        return _differs("Region", region, finding.region)
    expected = partition_of_region(finding.region)
    return None if partition == expected else _differs("partition", partition, expected)


def _differs(what: str, says_resource: str, says_finding: str) -> Outcome:
    return Outcome(
        Reason.ACCOUNT_MISMATCH,
        f"The resource is named as of {what} {says_resource}, its finding is of {what} {says_finding}:"
        " whoever shares a resource sees it too. Nothing is written to it from there.",
    )


def _not_supported(resource: Resource, works_on: WorksOn) -> Outcome:
    types = ", ".join(sorted(works_on.types))
    return Outcome(Reason.NOT_SUPPORTED, f"The action works on {types}, not on type {resource.type}.")
