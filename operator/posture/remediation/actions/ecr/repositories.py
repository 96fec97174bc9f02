"""ECR repositories: what is said of them, and their tags."""

from typing import Any

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Reader, Tagged, name_after
from posture.remediation.actions.setting import pairs, read_list, read_or_gone, the_one

_GONE = frozenset({"RepositoryNotFoundException"})


def repository_request(resource: ResourceKey) -> dict[str, str]:
    """Return what calls name a repository by; names have slashes."""
    return {"registryId": resource.account_id, "repositoryName": name_after(resource, "repository/")}


async def read_repository(reader: Reader, resource: ResourceKey) -> dict[str, Any]:
    """Return one repository."""
    request = {
        "registryId": resource.account_id,
        "repositoryNames": [name_after(resource, "repository/")],
    }
    body = await read_or_gone(reader, "ecr", "DescribeRepositories", request, gone=_GONE)
    return the_one(body, "repositories", "repositoryArn", resource.id)


async def repository_tags(reader: Reader, resource: ResourceKey) -> Tagged:
    """Return the tags of a repository."""
    name_after(resource, "repository/")
    request = {"resourceArn": resource.id}
    tags = await read_list(reader, "ecr", "ListTagsForResource", request, member="tags", gone=_GONE)
    return Tagged(resource.id, pairs(tags))
