"""ECR repositories: what is said of them, their tags, and one setting of each."""

from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Tagged,
    Writer,
    name_after,
)
from posture.remediation.actions.setting import Setting, pairs, read_list, read_or_gone, the_one

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


class EnableScanOnPush(Setting):
    """Where the registry scans in the enhanced way, its rules decide and a repository's flag does nothing."""

    name = "ecr-enable-scan-on-push"
    controls = frozenset({"ECR.1"})
    about = "Repositories whose images are scanned when they are pushed."
    works_on = WorksOn(frozenset({"AwsEcrRepository"}))
    iam = Iam(
        read=(
            "ecr:DescribeRepositories",
            "ecr:GetRegistryScanningConfiguration",
            "ecr:ListTagsForResource",
        ),
        write=("ecr:PutImageScanningConfiguration",),
        undo=("ecr:PutImageScanningConfiguration",),
    )
    risk = "Nothing is cut off; basic scans are free."
    undo_says = "The setting is as before."
    part = "scanOnPush"
    right = True
    summary = "Scan images of the repository when they are pushed"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the repository's flag, and how the registry scans."""
        repository = await read_repository(reader, resource)
        registry = await reader.read("ecr", "GetRegistryScanningConfiguration")
        if "scanningConfiguration" not in registry:
            raise Refused(Reason.UNREADABLE, "ECR did not answer with the registry's scanning configuration")
        flag = repository.get("imageScanningConfiguration", {}).get("scanOnPush", False)
        return LiveState({self.part: flag}, {"registry": registry["scanningConfiguration"].get("scanType")})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the repository's tags."""
        return (await repository_tags(reader, resource),)

    def check(self, state: LiveState) -> None:
        """Refuse where the registry's rules decide."""
        if state.about["registry"] == "ENHANCED":
            raise Refused(Reason.NOT_SUPPORTED, "The registry scans in the enhanced way: change its rules")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the flag."""
        request = {**repository_request(resource), "imageScanningConfiguration": {"scanOnPush": value}}
        await writer.write("ecr", "PutImageScanningConfiguration", request)


_MUTABILITY, _FILTERS = "imageTagMutability", "imageTagMutabilityExclusionFilters"


class EnableTagImmutability(Setting):
    """Exclusion filters of mutable repositories are kept for the undo (ECR API, PutImageTagMutability)."""

    name = "ecr-enable-tag-immutability"
    controls = frozenset({"ECR.2"})
    about = "Repositories whose tags cannot be moved to another image."
    works_on = WorksOn(frozenset({"AwsEcrRepository"}))
    iam = Iam(
        read=("ecr:DescribeRepositories", "ecr:ListTagsForResource"),
        write=("ecr:PutImageTagMutability",),
        undo=("ecr:PutImageTagMutability",),
    )
    risk = "Pushes of a tag that exists, such as latest, fail at once."
    undo_says = "The setting is as before, with its exclusion filters."
    part = "tagMutability"
    right = {_MUTABILITY: "IMMUTABLE"}  # noqa: RUF012 - its type is in the base class
    summary = "Make the tags of the repository immutable"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the mutability of tags with its exclusions."""
        repository = await read_repository(reader, resource)
        part = {_MUTABILITY: repository.get(_MUTABILITY, "MUTABLE")}
        if repository.get(_FILTERS):
            part[_FILTERS] = repository[_FILTERS]
        return LiveState({self.part: part})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the repository's tags."""
        return (await repository_tags(reader, resource),)

    def is_right(self, present: Json) -> bool:
        """Whether tags are immutable, some of them excluded or not."""
        return str(present[_MUTABILITY]).startswith("IMMUTABLE")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the mutability."""
        await writer.write("ecr", "PutImageTagMutability", {**repository_request(resource), **value})


ACTIONS = (
    EnableScanOnPush(),
    EnableTagImmutability(),
)
