"""SQS.1: queues encrypted at rest, with keys that SQS manages."""

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
from posture.remediation.actions.setting import Setting, read_or_gone

_MANAGED, _KEY = "SqsManagedSseEnabled", "KmsMasterKeyId"
_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "AWS.SimpleQueueService.QueueDoesNotExist",
        "QueueDoesNotExist",
    }
)


class EnableEncryption(Setting):
    """A queue with a KMS key is right; the two ways exclude each other (SQS API, SetQueueAttributes)."""

    name = "sqs-enable-encryption"
    controls = frozenset({"SQS.1"})
    works_on = WorksOn(frozenset({"AwsSqsQueue"}))
    iam = Iam(
        read=("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"),
        write=("sqs:SetQueueAttributes",),
        undo=("sqs:SetQueueAttributes",),
    )
    risk = "Anonymous senders, and those without TLS, are refused."
    undo_says = "The setting is as before."
    part = "encryption"
    right = {_MANAGED: True, _KEY: None}  # noqa: RUF012 - its type is in the base class
    summary = "Encrypt the queue with keys that SQS manages"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return both ways of encryption."""
        url = await self._url(reader, resource)
        request = {"QueueUrl": url, "AttributeNames": [_MANAGED, _KEY]}
        body = await read_or_gone(reader, "sqs", "GetQueueAttributes", request, gone=_GONE)
        attributes = body.get("Attributes", {})
        managed = attributes.get(_MANAGED, "false") == "true"
        return LiveState({self.part: {_MANAGED: managed, _KEY: attributes.get(_KEY) or None}})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the queue's tags. An answer without any is `{}`; one that is no JSON is an error."""
        request = {"QueueUrl": await self._url(reader, resource)}
        body = await read_or_gone(reader, "sqs", "ListQueueTags", request, gone=_GONE)
        return (Tagged(resource.id, tuple(body.get("Tags", {}).items())),)

    def is_right(self, present: Json) -> bool:
        """Whether the queue is encrypted in either way."""
        return bool(present[_MANAGED] or present[_KEY])

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the encryption with managed keys."""
        url = await self._url(writer, resource)
        attributes = {_MANAGED: "true" if value[_MANAGED] else "false"}
        await writer.write("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": attributes})

    async def _url(self, reader: Reader, resource: ResourceKey) -> str:
        name = name_after(resource, "")
        request = {"QueueName": name, "QueueOwnerAWSAccountId": resource.account_id}
        body = await read_or_gone(reader, "sqs", "GetQueueUrl", request, gone=_GONE)
        if not body.get("QueueUrl"):
            raise Refused(Reason.UNREADABLE, f"SQS did not answer with the URL of {name}")
        return str(body["QueueUrl"])


ACTION = EnableEncryption()
