"""SSM.4: documents of the account that everybody can run."""

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
from posture.remediation.actions.setting import Setting, pairs, read_list, read_or_gone, read_pages

_EVERYBODY, _VERSION = "all", "SharedDocumentVersion"
_SHARE = {"PermissionType": "Share"}
_GONE = frozenset({"InvalidDocument", "InvalidResourceId"})


class MakeDocumentPrivate(Setting):
    """The part is the share with everybody: with which version of the document; None where there is none."""

    name = "ssm-document-make-private"
    controls = frozenset({"SSM.4"})
    works_on = WorksOn(frozenset({"AwsSsmDocument"}))
    iam = Iam(
        read=("ssm:DescribeDocument", "ssm:DescribeDocumentPermission", "ssm:ListTagsForResource"),
        write=("ssm:ModifyDocumentPermission",),
        undo=("ssm:ModifyDocumentPermission",),
    )
    risk = "Nobody outside of the account can run the document but those that it is shared with."
    undo_says = "The document is public again, unless public sharing has been blocked meanwhile."
    part = "everybody"
    right = None
    summary = "Share the document with everybody no longer"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the share with everybody."""
        name = _name(resource)
        described = await read_or_gone(reader, "ssm", "DescribeDocument", {"Name": name}, gone=_GONE)
        owner = described.get("Document", {}).get("Owner")
        if owner is None:
            raise Refused(Reason.UNREADABLE, f"SSM did not answer whose document {name} is")
        if owner != resource.account_id:
            raise Refused(
                Reason.NOT_OWNER, f"The document is shared by {owner}: only its owner can change it"
            )
        return LiveState({self.part: await self._share(reader, name)})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the document's tags; SSM refuses the call for one that is not there."""
        request = {"ResourceType": "Document", "ResourceId": _name(resource)}
        tags = await read_list(reader, "ssm", "ListTagsForResource", request, member="TagList", gone=_GONE)
        return (Tagged(resource.id, pairs(tags)),)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Share it with everybody, or no longer."""
        request: dict[str, Any] = {"Name": _name(resource), **_SHARE}
        if value is None:
            request["AccountIdsToRemove"] = [_EVERYBODY]
        else:
            request |= {"AccountIdsToAdd": [_EVERYBODY], **value}
        await writer.write("ssm", "ModifyDocumentPermission", request)

    async def _share(self, reader: Reader, name: str) -> dict[str, Json] | None:
        request = {"Name": name, **_SHARE}
        shared, version = False, {}
        async for body in read_pages(reader, "ssm", "DescribeDocumentPermission", request, gone=_GONE):
            if "AccountIds" not in body:
                raise Refused(Reason.UNREADABLE, f"SSM did not answer with whom {name} is shared")
            shared = shared or any(_is_everybody(account) for account in body["AccountIds"])
            for each in body.get("AccountSharingInfoList", []):
                if _is_everybody(each.get("AccountId", "")) and each.get(_VERSION):
                    version = {_VERSION: each[_VERSION]}
        return version if shared else None


def _is_everybody(account: str) -> bool:
    """Whether it is the word for everybody, which the API writes in either case."""
    return account.lower() == _EVERYBODY


def _name(resource: ResourceKey) -> str:
    return name_after(resource, "document/")


ACTION = MakeDocumentPrivate()
