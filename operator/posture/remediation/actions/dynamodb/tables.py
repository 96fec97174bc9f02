"""DynamoDB tables: their names in ARNs and their tags."""

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Reader, Tagged, name_after
from posture.remediation.actions.setting import pairs, read_list

GONE = frozenset({"ResourceNotFoundException", "TableNotFoundException"})


def table_name(resource: ResourceKey) -> str:
    """Return the name of a table."""
    return name_after(resource, "table/")


async def table_tags(reader: Reader, resource: ResourceKey) -> Tagged:
    """Return the tags of a table (ListTagsOfResource is paged)."""
    table_name(resource)
    request = {"ResourceArn": resource.id}
    tags = await read_list(reader, "dynamodb", "ListTagsOfResource", request, member="Tags", gone=GONE)
    return Tagged(resource.id, pairs(tags))
