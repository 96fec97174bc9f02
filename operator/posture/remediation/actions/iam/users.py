"""IAM users: their names in ARNs, their tags, and which of them nobody may touch."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from posture.aws.client.errors import AwsError
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Protected, Reader, Refused, Tagged, name_after

_GONE = "NoSuchEntity"


def user_name(resource: ResourceKey) -> str:
    """Return the name of a user: an ARN has the path before it."""
    return name_after(resource, "user/").rpartition("/")[2]


async def read_marked_pages(
    reader: Reader, operation: str, member: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Read a whole list by IAM's markers; a user that is not there is `ResourceGone`."""
    found: list[dict[str, Any]] = []
    request = dict(parameters)
    while True:
        try:
            body = await reader.read("iam", operation, request)
        except AwsError as error:
            if error.code == _GONE:
                raise Refused(Reason.RESOURCE_GONE, f"The user is gone: {error.message}") from error
            raise
        if member not in body or (body.get("IsTruncated") and not body.get("Marker")):
            raise Refused(Reason.UNREADABLE, f"IAM did not answer {operation} with all of {member}")
        found += body[member]
        if not body.get("IsTruncated"):
            return found
        request["Marker"] = body["Marker"]


async def user_tags(reader: Reader, name: str) -> Tagged:
    """Return the tags of a user."""
    tags = await read_marked_pages(reader, "ListUserTags", "Tags", {"UserName": name})
    return Tagged(name, tuple((tag["Key"], tag["Value"]) for tag in tags))


def is_protected(name: str, protected: Protected) -> bool:
    """Whether the configuration keeps a user from being touched; names are unique whatever their case."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in protected.iam_users)
