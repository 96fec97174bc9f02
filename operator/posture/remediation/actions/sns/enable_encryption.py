"""SNS.1: topics encrypted at rest, with a customer managed key."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    SubWrite,
    Tagged,
    Writer,
    name_after,
)
from posture.remediation.actions.parameters import Parameter, Values, customer_key
from posture.remediation.actions.setting import Setting, pairs, read_list, read_or_gone

_GONE = frozenset({"NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException"})


class EnableTopicEncryption(Setting):
    """With the key that AWS manages no service of AWS could publish any more (SNS developer guide)."""

    name = "sns-enable-encryption"
    controls = frozenset({"SNS.1"})
    works_on = WorksOn(frozenset({"AwsSnsTopic"}))
    parameters = (
        Parameter(
            "key",
            "A customer managed KMS key whose policy lets the publishers, services of AWS too, use it.",
            None,
            customer_key,
            required=True,
        ),
    )
    iam = Iam(
        read=("kms:DescribeKey", "sns:GetTopicAttributes", "sns:ListTagsForResource"),
        write=("sns:SetTopicAttributes",),
        undo=("sns:SetTopicAttributes",),
    )
    risk = "Publishers, services of AWS too, that the policy of the key does not let use it are cut off."
    undo_says = "The topic is as before; messages that were encrypted meanwhile are still delivered."
    part = "KmsMasterKeyId"
    summary = "Encrypt the topic"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the key of the topic; None: it has none."""
        name_after(resource, "")
        body = await read_or_gone(reader, "sns", "GetTopicAttributes", {"TopicArn": resource.id}, gone=_GONE)
        attributes = body.get("Attributes", {})
        if attributes.get("TopicArn") != resource.id:
            raise Refused(Reason.UNREADABLE, "SNS did not answer with the topic")
        return LiveState({self.part: attributes.get(self.part) or None})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the topic's tags."""
        name_after(resource, "")
        request = {"ResourceArn": resource.id}
        tags = await read_list(reader, "sns", "ListTagsForResource", request, member="Tags", gone=_GONE)
        return (Tagged(resource.id, pairs(tags)),)

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return the rule's key, unless the topic has one."""
        del situation
        return present or values["key"]

    def says(self, present: Json, wanted: Json) -> str:
        """Say with which key."""
        del present
        return f"{self.summary} with {wanted}"

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Set a key that works: SNS takes any, and fails later."""
        body = await writer.read("kms", "DescribeKey", {"KeyId": sub.after})
        key = body.get("KeyMetadata", {})
        if key.get("KeyManager") != "CUSTOMER" or key.get("KeyState") != "Enabled":
            raise Refused(Reason.NOT_SUPPORTED, f"{sub.after} is not a customer managed key that is enabled")
        await super().write(writer, resource, sub)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the key, or none."""
        request = {"TopicArn": resource.id, "AttributeName": self.part, "AttributeValue": value or ""}
        await writer.write("sns", "SetTopicAttributes", request)


ACTION = EnableTopicEncryption()
