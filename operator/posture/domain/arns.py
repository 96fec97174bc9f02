"""ARNs: `arn:<partition>:<service>:<region>:<account id>:<resource>`. Their patterns, parts and making.

Sources: IAM user guide, "Identify AWS resources with Amazon Resource Names (ARNs)" and "IAM identifiers";
Service authorization reference, "Resource types defined by AWS Security Hub". No module beside this one has a
pattern of an ARN or puts one together: a partition is never taken for granted.
"""

import re
from typing import NamedTuple

# Patterns that the API server reads too: kept to what Python's `re` and RE2 read alike.
_PARTITION = r"aws(?:-[a-z]+)*"
_NAME = r"[A-Za-z0-9_+=,.@-]"
ROLE_NAME = rf"{_NAME}{{1,64}}"
"""A role's name: IAM user guide, "IAM identifiers" and quotas."""
ROLE_ARN = rf"arn:{_PARTITION}:iam::[0-9]{{12}}:role/(?:{_NAME}+/)*{ROLE_NAME}"
"""A role's ARN, with or without a path."""
ROLE_NAME_GLOB = r"[A-Za-z0-9_+=,.@*?-]+"
ROLE_ARN_GLOB = r"arn:[a-z*?-]+:iam::[0-9*?]{1,12}:role/[A-Za-z0-9_+=,.@/*?-]+"
INSIGHT_ARN = (
    rf"arn:{_PARTITION}:securityhub:::insight/securityhub/default/[1-9][0-9]{{0,3}}"
    rf"|arn:{_PARTITION}:securityhub:[a-z0-9-]+:[0-9]{{12}}:insight/[0-9]{{12}}/custom/[A-Za-z0-9-]{{1,64}}"
)
"""A managed insight's ARN, or a custom one's."""
QUEUE_URL = r"https://sqs\.[a-z]{2,5}(?:-[a-z]+)+-[0-9]{1,2}(?:\.[a-z0-9]+)+/[0-9]{12}/[A-Za-z0-9_-]{1,80}"
"""The URL of a standard queue as SQS gives it: SQS developer guide, "Queue and message identifiers"."""
QUEUE_ARN_GLOB = r"arn:[a-z*?-]+:sqs:[a-z0-9*?-]+:[0-9*?]{1,12}:[A-Za-z0-9_*?-]+"
STANDARD = r"[a-z0-9][a-z0-9-]*/v/[0-9A-Za-z.]+"
"""A standard as a target's spec spells it: its ARN behind `standards/` or `ruleset/`."""

_SECURITY_HUB = r"arn:[a-z0-9-]+:securityhub"
# A NUL is no white space, and ends a text in many places.
_PRODUCT = re.compile(rf"{_SECURITY_HUB}:([a-z0-9-]+):([0-9]*):product/([^/\s\0]+)/([^/\s\0]+)")
_STANDARD = re.compile(r"(?:.*[:/])?(?:standards|ruleset)/(.+)")
_RULE = re.compile(rf"{_SECURITY_HUB}:[a-z0-9-]*:[0-9]*:ruleset/(.+/v/[^/]+)/rule/([^/]+)")
_CONTROL = re.compile(rf"{_SECURITY_HUB}:[^:]*:[0-9]*:control/(.+)/([^/]+)")
_ROLE = re.compile(ROLE_ARN)
_ROLE_PARTS = re.compile(r"arn:([^:]+):iam::([^:]+):role/(.+)")
_ROLE_NAME = re.compile(ROLE_NAME)
_SESSION = re.compile(rf"arn:({_PARTITION}):sts::([0-9]{{12}}):assumed-role/({ROLE_NAME})/.+")
_ROOT = re.compile(rf"arn:{_PARTITION}:iam::([0-9]{{12}}):root")
# KMS API reference, DescribeKey: a key's id or alias, or the ARN of either.
_KMS_KEY = re.compile(
    rf"(?:arn:{_PARTITION}:kms:[a-z0-9-]+:[0-9]{{12}}:key/)?[A-Za-z0-9-]{{1,64}}"
    rf"|(?:arn:{_PARTITION}:kms:[a-z0-9-]+:[0-9]{{12}}:)?alias/[A-Za-z0-9/_-]{{1,250}}"
)

_QUEUE_URL = re.compile(QUEUE_URL)

_PARTS = 6
COMMERCIAL = "aws"
"""The partition of Regions whose names are of no other."""
# botocore's partitions.json, by what the names of their Regions begin with.
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eu-isof-": "aws-iso-f",
}


def partition_of(arn: str | None) -> str:
    """Return the partition of an ARN; empty for what is none."""
    return _part(arn, 1)


def region_of(arn: str | None) -> str:
    """Return the Region of an ARN; empty where it has none, and for what is none."""
    return _part(arn, 3)


def account_of(arn: str | None) -> str:
    """Return the account id of an ARN; empty where it has none, and for what is none."""
    return _part(arn, 4)


def partition_of_region(region: str) -> str:
    """Return the partition that a Region is in: `aws` for one whose name is not of another."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), COMMERCIAL)


def account_of_root(arn: str) -> str:
    """Return the account id of a root user's ARN, which is how policies write an account; else nothing."""
    match = _ROOT.fullmatch(arn)
    return match[1] if match else ""


def is_role_arn(text: str) -> bool:
    """Tell whether a text is the ARN of a role."""
    return bool(_ROLE.fullmatch(text))


def is_role_name(text: str) -> bool:
    """Tell whether a text is the name of a role."""
    return bool(_ROLE_NAME.fullmatch(text))


def is_kms_key(text: str) -> bool:
    """Tell whether a text names a KMS key in one of the ways that calls take."""
    return bool(_KMS_KEY.fullmatch(text))


def is_kms_key_arn(text: str) -> bool:
    """Tell whether a text is the ARN of a KMS key, and not of an alias."""
    return is_kms_key(text) and text.rpartition(":")[2].startswith("key/")


def is_managed_alias(text: str) -> bool:
    """Tell whether a text is the alias of a key that AWS manages (`alias/aws/sns`), or its ARN."""
    return ":alias/aws/" in f":{text}"


def role_arn(partition: str, account_id: str, role_name: str, path: str = "/") -> str:
    """Return the ARN of a role. An account's roles are in the partition of its hub."""
    return f"arn:{partition}:iam::{account_id}:role{path}{role_name}"


def role_parts(arn: str) -> tuple[str, str, str] | None:
    """Return partition, account, and path with name of a role's ARN or of a glob over such; None: neither."""
    match = _ROLE_PARTS.fullmatch(arn)
    if match is None:
        return None
    partition = match[1] if re.fullmatch(_PARTITION, match[1]) else COMMERCIAL
    return partition, match[2], match[3]


def identity_of_caller(arn: str) -> str:
    """Return the ARN in IAM of who calls by GetCallerIdentity: a role for its session, anybody else as is.

    A session does not tell the path of its role; one in a path is another role by that ARN.
    """
    match = _SESSION.fullmatch(arn)
    return role_arn(*match.groups()) if match else arn


def root_arn(partition: str, account_id: str) -> str:
    """Return the ARN that stands for a whole account in a policy's principal."""
    return f"arn:{partition}:iam::{account_id}:root"


def oidc_provider_arn(partition: str, account_id: str, provider: str) -> str:
    """Return the ARN of an account's identity provider for OpenID Connect."""
    return f"arn:{partition}:iam::{account_id}:oidc-provider/{provider}"


def document_arns(partition: str, name: str) -> tuple[str, str]:
    """Return what a right to run an SSM document names: itself, and what Automation defines of it.

    Of any account and Region, unless `name` is an ARN.
    """
    if name.startswith("arn:"):
        return name, name.replace(":document/", ":automation-definition/", 1) + ":*"
    anywhere = f"arn:{partition}:ssm:*:*"
    return f"{anywhere}:document/{name}", f"{anywhere}:automation-definition/{name}:*"


def bucket_arn(partition: str, bucket: str, path: str = "") -> str:
    """Return the ARN of a bucket of S3, or of the objects below a path in it."""
    return "/".join(part for part in (f"arn:{partition}:s3:::{bucket}", path) if part)


class Queue(NamedTuple):
    """A queue of SQS, as its URL names it."""

    region: str
    account_id: str
    name: str

    @property
    def arn(self) -> str:
        """Its ARN: no call is needed to know it."""
        return f"arn:{partition_of_region(self.region)}:sqs:{self.region}:{self.account_id}:{self.name}"


def queue_of_url(url: str) -> Queue:
    """Read the URL of a queue; ValueError where it is none."""
    if _QUEUE_URL.fullmatch(url) is None:
        raise ValueError("this is not the URL of a standard queue")
    host, account_id, name = url.removeprefix("https://sqs.").split("/")
    return Queue(host.partition(".")[0], account_id, name)


class Product(NamedTuple):
    """The parts of a ProductArn."""

    region: str
    account_id: str
    """Of who integrates it; empty for AWS's own and partners'."""
    company: str
    name: str


def managed_insight_arn(partition: str, number: int) -> str:
    """Return the ARN of one of Security Hub's managed insights (user guide, "Managed insights")."""
    return f"arn:{partition}:securityhub:::insight/securityhub/default/{number}"


def product_parts(product_arn: str) -> Product:
    """Read a ProductArn; ValueError where it is not the ARN of a Security Hub product."""
    match = _PRODUCT.fullmatch(product_arn)
    if match is None:
        raise ValueError("ProductArn is not the ARN of a Security Hub product")
    return Product(*match.groups())


def standard_name(standard: str) -> str:
    """Spell a standard as a target's spec does, from its ARN or its StandardsId.

    `arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0` and
    `ruleset/cis-aws-foundations-benchmark/v/1.2.0` are `cis-aws-foundations-benchmark/v/1.2.0`. A spelling
    that is not known stays as it is: a standard must not vanish for its looks.
    """
    match = _STANDARD.fullmatch(standard)
    return match[1] if match else standard


def rule_of(arn: str) -> tuple[str, str] | None:
    """Read the standard and number out of `…:ruleset/<standard>/rule/<number>`; None for anything else."""
    match = _RULE.fullmatch(arn)
    return (match[1], match[2]) if match else None


def control_of(arn: str) -> tuple[str, str] | None:
    """Read the standard and number out of a StandardsControlArn `…:control/<standard>/<number>`."""
    match = _CONTROL.fullmatch(arn)
    return (match[1], match[2]) if match else None


def _part(arn: str | None, index: int) -> str:
    parts = (arn or "").split(":", _PARTS - 1)
    return parts[index] if len(parts) == _PARTS and parts[0] == "arn" else ""
