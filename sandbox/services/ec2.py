"""EC2: block public access for snapshots, snapshots by who can restore them, options of instance metadata.

`PUT /_control/services/ec2` with `{"account": …, "region": …, "managedBy": "declarative-policy"}` lets an
organization's policy own the block of public access there (`account`: it owns it itself again).
"""

import msgspec
from moto.backends import get_backend
from moto.ec2.models.instances import MetadataOptions

from sandbox.services.call import Answer, Call, Places, Refusal, Service

SERVICE = Service("ec2")
_UNBLOCKED, _BLOCKING_ALL = "unblocked", "block-all-sharing"
_STATES = (_BLOCKING_ALL, "block-new-sharing")
_OURS = "account"
_EVERYBODY = "all"
# What describes an option, and what the call that sets it names it.
_OPTIONS = {
    "http_tokens": "HttpTokens",
    "http_put_response_hop_limit": "HttpPutResponseHopLimit",
    "http_endpoint": "HttpEndpoint",
    "http_protocol_ipv6": "HttpProtocolIpv6",
    "instance_metadata_tags": "InstanceMetadataTags",
}


class Block(msgspec.Struct):
    """The setting of an account and Region."""

    state: str = _UNBLOCKED
    managed_by: str = _OURS


class Script(msgspec.Struct, forbid_unknown_fields=True):
    """Who owns the block of public access somewhere."""

    account: str
    region: str
    managed_by: str = msgspec.field(name="managedBy")


_BLOCKS: Places[Block] = Places(Block)


def _play(body: bytes) -> None:
    """Take a script; ValueError: it is none."""
    script = msgspec.json.decode(body, type=Script)
    _BLOCKS.at(script.account, script.region).managed_by = script.managed_by


SERVICE.script = _play


@SERVICE.answers("GetSnapshotBlockPublicAccessState")
def get_snapshot_block_public_access_state(call: Call) -> Answer:
    """Say how far public sharing is blocked, and who decides that."""
    block = _BLOCKS.of(call)
    return {"State": block.state, "ManagedBy": block.managed_by}


@SERVICE.answers("EnableSnapshotBlockPublicAccess")
def enable_snapshot_block_public_access(call: Call) -> Answer:
    """Block all public sharing, or that of more snapshots."""
    if call.parameters.get("State") not in _STATES:
        raise Refusal("InvalidParameterValue", "Value for parameter State is invalid", 400)
    return _set(call, call.parameters["State"])


@SERVICE.answers("DisableSnapshotBlockPublicAccess")
def disable_snapshot_block_public_access(call: Call) -> Answer:
    """Block no public sharing."""
    return _set(call, _UNBLOCKED)


def _set(call: Call, state: str) -> Answer:
    block = _BLOCKS.of(call)
    if block.managed_by != _OURS:
        raise Refusal("OperationNotPermitted", "The setting is managed by a declarative policy", 403)
    block.state = state
    return {"State": state}


@SERVICE.answers("DescribeSnapshots")
def describe_snapshots(call: Call) -> Answer:
    """List snapshots by owner, and by who can restore them: filters that moto takes and forgets.

    moto is asked for those that are meant alone: it has more than a thousand of images.
    """
    owners = {call.account if each == "self" else each for each in call.parameters.get("OwnerIds", [])}
    everybody = _EVERYBODY in call.parameters.get("RestorableByUserIds", [])
    if not (owners or everybody):
        return call.moto()
    # Blocking all sharing keeps public snapshots from being seen as public; their attributes stay.
    blocked = _BLOCKS.of(call).state == _BLOCKING_ALL
    asked = call.parameters.get("SnapshotIds")
    meant = [
        each.id
        for each in get_backend("ec2")[call.account][call.region].snapshots.values()
        if (not owners or each.owner_id in owners)
        and (not everybody or (_EVERYBODY in each.create_volume_permission_groups and not blocked))
        and (not asked or each.id in asked)
    ]
    if not meant:
        return {"Snapshots": []}
    filters = call.parameters.get("Filters", [])
    answer = call.aws("ec2", "DescribeSnapshots", {"SnapshotIds": meant, "Filters": filters})
    return {"Snapshots": answer["Snapshots"]}


@SERVICE.answers("ModifyInstanceMetadataOptions")
def modify_instance_metadata_options(call: Call) -> Answer:
    """Change the options that are given, and keep the others; the answer is that it is under way."""
    instance = get_backend("ec2")[call.account][call.region].get_instance(call.parameters["InstanceId"])
    present = instance.metadata_options
    options = {
        member: call.parameters.get(member, getattr(present, name)) for name, member in _OPTIONS.items()
    }
    instance.metadata_options = MetadataOptions(options)
    return {"InstanceId": instance.id, "InstanceMetadataOptions": {"State": "pending", **options}}
