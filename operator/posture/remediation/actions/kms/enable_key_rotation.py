"""KMS.4: customer managed keys that KMS rotates every year."""

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
    read_or_none,
)
from posture.remediation.actions.setting import Setting, pairs, read_list, read_or_gone

_GONE = frozenset({"NotFoundException"})
_NEVER_ROTATED = frozenset({"UnsupportedOperationException", "KMSInvalidStateException"})
_MEMBER = "KeyRotationEnabled"


class EnableKeyRotation(Setting):
    """Only symmetric keys whose material KMS made can be rotated by it (KMS API, EnableKeyRotation)."""

    name = "kms-enable-key-rotation"
    controls = frozenset({"KMS.4"})
    works_on = WorksOn(frozenset({"AwsKmsKey"}))
    iam = Iam(
        read=("kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:ListResourceTags"),
        write=("kms:EnableKeyRotation",),
        undo=("kms:DisableKeyRotation",),
    )
    risk = "Nothing that uses the key is cut off; each rotation adds to the key's monthly price."
    undo_says = "Rotation is off again; rotations that were done meanwhile stay."
    part = "keyRotation"
    right = True
    summary = "Enable the yearly rotation of the key"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return whether the key is rotated, and what kind of key it is."""
        request = {"KeyId": name_after(resource, "key/")}
        described = await read_or_gone(reader, "kms", "DescribeKey", request, gone=_GONE)
        rotation = await read_or_none(reader, "kms", "GetKeyRotationStatus", request, none=_NEVER_ROTATED)
        if "KeyMetadata" not in described or (rotation is not None and _MEMBER not in rotation):
            raise Refused(Reason.UNREADABLE, "KMS did not answer with the key")
        key = described["KeyMetadata"]
        replicated = key.get("MultiRegionConfiguration", {})
        about = {
            "KeyManager": key.get("KeyManager"),
            "KeySpec": key.get("KeySpec"),
            "Origin": key.get("Origin"),
            "KeyState": key.get("KeyState"),
            "CustomKeyStoreId": key.get("CustomKeyStoreId"),
            "MultiRegionKeyType": replicated.get("MultiRegionKeyType", "PRIMARY"),
        }
        return LiveState({self.part: None if rotation is None else rotation[_MEMBER]}, about)

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the key's tags."""
        tags = await read_list(
            reader,
            "kms",
            "ListResourceTags",
            {"KeyId": name_after(resource, "key/")},
            member="Tags",
            gone=_GONE,
            tokens=("NextMarker", "Marker"),
        )
        return (Tagged(resource.id, pairs(tags, "TagKey", "TagValue")),)

    def check(self, state: LiveState) -> None:
        """Refuse keys that cannot be rotated, or that are not the account's to decide about."""
        key = state.about
        if key["KeyManager"] != "CUSTOMER":
            raise Refused(Reason.MANAGED_BY_AWS, "The key is managed by AWS")
        if key["KeyState"] == "PendingDeletion":
            raise Refused(Reason.IN_USE, "The key is to be deleted: somebody decided that")
        for member, wanted in (
            ("KeySpec", "SYMMETRIC_DEFAULT"),
            ("Origin", "AWS_KMS"),
            ("CustomKeyStoreId", None),
            ("MultiRegionKeyType", "PRIMARY"),
            ("KeyState", "Enabled"),
        ):
            if key[member] != wanted:
                raise Refused(
                    Reason.NOT_SUPPORTED, f"KMS does not rotate a key whose {member} is {key[member]}"
                )

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Enable or disable rotation."""
        request = {"KeyId": name_after(resource, "key/")}
        await writer.write("kms", f"{'Enable' if value else 'Disable'}KeyRotation", request)


ACTION = EnableKeyRotation()
