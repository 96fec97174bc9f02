"""Calls of AWS that moto does not carry, or answers wrongly: thin emulations behind the same endpoint.

To add a call, write a function in the module of its service (a new one: give it a `Service` named as boto3
names it, and name that in `gate.SERVICES`):

    SERVICE = Service("ec2")
    _STATES = Places(lambda: {"State": "unblocked"})

    @SERVICE.answers("GetSnapshotBlockPublicAccessState")
    def get_snapshot_block_public_access_state(call: Call) -> Answer:
        return _STATES.of(call)

It gets the members of the operation's input and returns those of its output, both as botocore names them:
whatever the protocol, AWS's own model says how they are read and written. An error is a `Refusal` with AWS's
code and message. State is by account (that of the credentials, as moto has it) and Region (that of the
signature). One call is answered at a time.

What moto knows is changed by its own calls (`call.aws("ec2", "CreateTags", {…})`, as the caller), or where it
keeps it (`moto.backends.get_backend("ec2")[account][region]`), so that its answers show it.
A call that moto does carry, but for one thing, is checked here and answered by
`call.moto()`. Whatever has no function is moto's, byte for byte. Bodies that stream are read whole.
"""
