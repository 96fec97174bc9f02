"""ECR.2: repositories whose tags cannot be moved to another image."""

from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import Iam, Json, LiveState, Reader, Tagged, Writer
from posture.remediation.actions.ecr.repositories import read_repository, repository_request, repository_tags
from posture.remediation.actions.setting import Setting

_MUTABILITY, _FILTERS = "imageTagMutability", "imageTagMutabilityExclusionFilters"


class EnableTagImmutability(Setting):
    """Exclusion filters of mutable repositories are kept for the undo (ECR API, PutImageTagMutability)."""

    name = "ecr-enable-tag-immutability"
    controls = frozenset({"ECR.2"})
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


ACTION = EnableTagImmutability()
