"""Kinesis.1: streams whose records are encrypted at rest."""

from typing import Any

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
from posture.remediation.actions.parameters import Parameter, Values, kms_key
from posture.remediation.actions.setting import Setting, pairs, read_or_gone

_GONE = frozenset({"ResourceNotFoundException"})
_TYPE, _KEY, _KMS, _NONE = "EncryptionType", "KeyId", "KMS", "NONE"
_ACTIVE = "ACTIVE"


class EnableStreamEncryption(Setting):
    """A stream that is encrypted with any key is right (Kinesis API, StartStreamEncryption)."""

    name = "kinesis-enable-encryption"
    controls = frozenset({"Kinesis.1"})
    works_on = WorksOn(frozenset({"AwsKinesisStream"}))
    parameters = (Parameter("key", "The KMS key; by default that of Kinesis.", "alias/aws/kinesis", kms_key),)
    iam = Iam(
        read=("kinesis:DescribeStreamSummary", "kinesis:ListTagsForStream"),
        write=("kinesis:StartStreamEncryption",),
        undo=("kinesis:StopStreamEncryption",),
    )
    risk = "Producers and consumers that may not use the key, those of other accounts first, are cut off."
    undo_says = "Encryption is off again; records that were encrypted meanwhile stay so until they expire."
    part = "encryption"
    summary = "Encrypt the stream"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return how the stream is encrypted, and whether it can be changed now."""
        request = {"StreamName": name_after(resource, "stream/")}
        body = await read_or_gone(reader, "kinesis", "DescribeStreamSummary", request, gone=_GONE)
        stream = body.get("StreamDescriptionSummary", {})
        if stream.get("StreamARN") != resource.id:
            raise Refused(Reason.UNREADABLE, "Kinesis did not answer with the stream")
        is_encrypted = stream.get(_TYPE) == _KMS
        encryption = {
            _TYPE: _KMS if is_encrypted else _NONE,
            _KEY: stream.get(_KEY) if is_encrypted else None,
        }
        return LiveState({self.part: encryption}, {"status": stream.get("StreamStatus")})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the stream's tags; a page begins after the last tag of the one before."""
        request = {"StreamName": name_after(resource, "stream/")}
        found: list[dict[str, Any]] = []
        while True:
            body = await read_or_gone(reader, "kinesis", "ListTagsForStream", request, gone=_GONE)
            found += body["Tags"]
            if not body["HasMoreTags"]:
                return (Tagged(resource.id, pairs(found)),)
            if not body["Tags"]:
                raise Refused(Reason.UNREADABLE, "Kinesis says that there are more tags, and gives none")
            request["ExclusiveStartTagKey"] = found[-1]["Key"]

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return the encryption with the rule's key, unless there is one."""
        del situation
        return present if present[_TYPE] == _KMS else {_TYPE: _KMS, _KEY: values["key"]}

    def says(self, present: Json, wanted: Json) -> str:
        """Say with which key."""
        del present
        return f"{self.summary} with {wanted[_KEY]}"

    def check(self, state: LiveState) -> None:
        """Wait while the stream is being changed."""
        if state.about["status"] != _ACTIVE:
            raise Refused(Reason.PENDING, f"The stream is {state.about['status']}")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Encrypt it."""
        await writer.write("kinesis", "StartStreamEncryption", _request(resource, value))

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Stop what was started."""
        await writer.write("kinesis", "StopStreamEncryption", _request(resource, sub.after))


def _request(resource: ResourceKey, encryption: Json) -> dict[str, Any]:
    return {"StreamName": name_after(resource, "stream/"), **encryption}


ACTION = EnableStreamEncryption()
