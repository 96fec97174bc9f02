"""ARNs: `arn:<partition>:<service>:<region>:<account id>:<resource>`.

Source: IAM user guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
"""

_PARTS = 6
AWS = "aws"
"""The partition of the commercial Regions; others are `aws-us-gov`, `aws-cn`, `aws-eusc`, `aws-iso`, …"""


def partition_of(arn: str | None) -> str:
    """Return the partition of an ARN; empty for what is none."""
    return _part(arn, 1)


def region_of(arn: str | None) -> str:
    """Return the Region of an ARN; empty where it has none, and for what is none."""
    return _part(arn, 3)


def account_of(arn: str | None) -> str:
    """Return the account id of an ARN; empty where it has none, and for what is none."""
    return _part(arn, 4)


def role_arn(partition: str, account_id: str, role_name: str) -> str:
    """Return the ARN of a role without a path. An account's roles are in the partition of its hub."""
    return f"arn:{partition or AWS}:iam::{account_id}:role/{role_name}"


def _part(arn: str | None, index: int) -> str:
    parts = (arn or "").split(":", _PARTS - 1)
    return parts[index] if len(parts) == _PARTS and parts[0] == "arn" else ""
