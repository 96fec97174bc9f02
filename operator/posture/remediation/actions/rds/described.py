"""What RDS describes, and tags of it: instances, clusters and their snapshots, all in one way."""

from collections.abc import Mapping
from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Reader, Refused, Tagged, name_after
from posture.remediation.actions.setting import pairs, read_or_gone, the_one


def identifier_of(resource: ResourceKey, kind: str, prefix: str) -> dict[str, str]:
    """Return what calls name it by. `kind`: as in `DescribeDBInstances`; `prefix`: of its ARN's last part."""
    return {f"{kind}Identifier": name_after(resource, prefix)}


async def read_about(
    reader: Reader, operation: str, resource: ResourceKey, kind: str, prefix: str
) -> dict[str, Any]:
    """Return what an operation says of it; Refused where it is gone."""
    gone = {f"{kind}NotFound", f"{kind}NotFoundFault"}
    return await read_or_gone(reader, "rds", operation, identifier_of(resource, kind, prefix), gone=gone)


async def describe_database(reader: Reader, resource: ResourceKey, kind: str, prefix: str) -> dict[str, Any]:
    """Return its description."""
    body = await read_about(reader, f"Describe{kind}s", resource, kind, prefix)
    return the_one(body, f"{kind}s", f"{kind}Arn", resource.id)


def database_tags(resource: ResourceKey, described: Mapping[str, Any]) -> Tagged:
    """Return the tags, from the answer that proves that it is there."""
    if "TagList" not in described:
        raise Refused(Reason.UNREADABLE, "RDS did not answer with the tags")
    return Tagged(resource.id, pairs(described["TagList"]))
