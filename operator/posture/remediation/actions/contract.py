"""What an action is: how a resource is read, judged, written and put back. The engine knows no more.

An action knows a service and nothing else: no Kubernetes, no clock, no caps. It is asked in this order:
`read` (what is there), `judge` (pure: what of it is wrong, what of that is spared), `tags` (of all that would
be touched), then for each sub-write `write` (exactly one call), `verified`, and perhaps one day `undo`.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from posture.aws.client.errors import AccessDenied, AwsError, Retryable, RoleNotAssumable, Throttled
from posture.domain.arns import account_of, partition_of, region_of
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.parameters import Parameter, Values, read_parameters

Json: TypeAlias = Any
"""What `json.dumps` takes: the journal keeps it."""

_ACCOUNT_ID = "AWS::::Account:"
_ARN_PARTS = 6
# What AWS Control Tower makes in accounts is named so (Control Tower user guide); it forbids changes.
_CONTROL_TOWER = ("aws-controltower", "awscontroltower", "stackset-awscontroltower")


class Refused(Exception):  # noqa: N818 - the name says what happened
    """The action does not touch the resource. The message is for people, and says what can be done."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class ChangedSince(Exception):  # noqa: N818 - the name says what happened
    """An undo restored nothing: what is there now is not what was written. The message says what differs."""


def name_after(resource: ResourceKey, prefix: str) -> str:
    """Return what follows `prefix` in the last part of the resource's ARN (`security-group/`).

    Raises Refused: the ARN is of another account or Region than its finding, or is none of this kind, or
    AWS Control Tower made the resource, and sets it back.
    """
    account, region = account_of(resource.id), region_of(resource.id)
    if (account and account != resource.account_id) or (region and region != resource.region):
        raise Refused(
            Reason.ACCOUNT_MISMATCH,
            f"{resource.id} is not in {resource.account_id} and {resource.region}, as its finding says",
        )
    last: str = resource.id.split(":", _ARN_PARTS - 1)[-1]
    if not partition_of(resource.id) or not last.startswith(prefix) or last == prefix:
        raise Refused(Reason.NOT_SUPPORTED, f"{resource.id} is not the ARN of a {resource.type}")
    name = last.removeprefix(prefix)
    if name.rpartition("/")[2].lower().startswith(_CONTROL_TOWER) or name.lower().startswith(_CONTROL_TOWER):
        raise Refused(Reason.MANAGED_BY_POLICY, f"AWS Control Tower manages {name}: change it there")
    return name


def check_account(resource: ResourceKey) -> None:
    """Raise Refused unless this is the account itself (`AWS::::Account:111122223333`)."""
    if resource.id != _ACCOUNT_ID + resource.account_id:
        raise Refused(Reason.ACCOUNT_MISMATCH, f"{resource.id} is not the account {resource.account_id}")


class LiveState(NamedTuple):
    """What was read. `parts`: what can be wrong, by stable names. `about`: what else decides, or calls need.

    Both are JSON, complete for undo, and hold no secret.
    """

    parts: Mapping[str, Json]
    about: Mapping[str, Json] = {}


class SubWrite(NamedTuple):
    """One thing that is wrong, and that one call puts right.

    `name`: stable, unique in the resource. `before`: its part of the state, all that undo needs. `after`:
    what that part is once it is written; None: not there. `handle`: what the call names it by, where not by
    its name. `summary`: for the plan, says what the write does.
    """

    name: str
    summary: str
    before: Json
    after: Json
    handle: Json = None

    def to_json(self) -> dict[str, Json]:
        """Return it as the journal keeps it; `SubWrite(**document)` reads it back."""
        return dict(self._asdict())


class Spared(NamedTuple):
    """One thing that is wrong and stays as it is."""

    name: str
    reason: Reason
    message: str


class Verdict(NamedTuple):
    """What is wrong and would be written, and what is wrong and is left alone; both empty: compliant."""

    wrong: tuple[SubWrite, ...] = ()
    spared: tuple[Spared, ...] = ()


class Protected(NamedTuple):
    """What the operator's configuration forbids to touch.

    `iam_users`: globs of names (`breakGlass.iamUsers`). `access_keys`: ids that sign for the operator itself.
    """

    iam_users: tuple[str, ...] = ()
    access_keys: frozenset[str] = frozenset()


class Situation(NamedTuple):
    """What judging depends on beside the state and the rule's parameters.

    `now`: µs. `controls`: those of the findings that speak of the resource (`EC2.13`). `control_parameters`:
    their customised parameters, from `Compliance.SecurityControlParameters`, by name.
    """

    now: int
    controls: frozenset[str]
    control_parameters: Mapping[str, Sequence[str]] = {}
    protected: Protected = Protected()


class Tagged(NamedTuple):
    """Something the action would touch, and all its tags, keys that differ only in case included."""

    resource: str
    tags: tuple[tuple[str, str], ...]


class Iam(NamedTuple):
    """IAM actions that the role in the account needs, sorted. `undo`: beside those of `read`."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    undo: tuple[str, ...]


class Reader(Protocol):
    """AWS as the role sees it in the resource's account; it cannot write. Methods raise AwsError."""

    @property
    def account_id(self) -> str:
        """The account whose answers these are."""
        ...

    @property
    def region(self) -> str:
        """The Region that is asked unless another one is named."""
        ...

    async def read(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        region: str | None = None,
    ) -> dict[str, Any]:
        """Return the answer of a reading operation, `GetQueueUrl` of `sqs`, as botocore parses it."""
        ...

    async def account_tags(self) -> tuple[tuple[str, str], ...]:
        """Return the tags of the account in its organization."""
        ...


class Writer(Reader, Protocol):
    """The same, and it writes."""

    async def write(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        region: str | None = None,
    ) -> dict[str, Any]:
        """Send a writing operation once. See `outcome_is_unknown` for what an AwsError means."""
        ...


class Restored(StrEnum):
    """How an undo ended that was not refused."""

    RESTORED = "Restored"
    # It was as before already: nothing was written.
    ALREADY_BACK = "AlreadyBack"


class Action(ABC):
    """A builtin action. The class says what it is about; an instance holds nothing that changes."""

    name: ClassVar[str]
    controls: ClassVar[frozenset[str]]
    works_on: ClassVar[WorksOn]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    iam: ClassVar[Iam]
    risk: ClassVar[str]
    """What the write can break, in one sentence."""
    undo_says: ClassVar[str]
    """What undo gives back, in one sentence."""

    def configure(self, given: Mapping[str, object]) -> Values:
        """Return the values of all parameters; ParameterError where one is unknown or out of bounds."""
        return read_parameters(self.parameters, given)

    @abstractmethod
    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return what is there. Raises Refused (gone, not ours, not of this kind) and AwsError."""

    @abstractmethod
    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags, read now, of the resource and of everything that the write would touch.

        Raises Refused and AwsError where any of them cannot be read: nothing follows from a missing answer.
        """

    @abstractmethod
    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Say what of a state is wrong. Pure. Raises Refused where the resource as a whole is not touched."""

    @abstractmethod
    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Put one thing right, by one call that changes nothing else.

        Raises AwsError; Refused: nothing was written, and with a reason to wait it may be later.
        """

    @abstractmethod
    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Put one thing back as it was before, by one call; only `undo` calls this."""

    def verified(self, state: LiveState, sub: SubWrite) -> bool:
        """Whether a state that was read after the write has what was written."""
        return bool(state.parts.get(sub.name) == sub.after)

    async def undo(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> Restored:
        """Restore what was before, if and only if the present state is still what was written.

        Raises ChangedSince, Refused (`ResourceGone`) and AwsError.
        """
        state = await self.read(writer, resource)
        present = state.parts.get(sub.name)
        if present == sub.before:
            return Restored.ALREADY_BACK
        if present != sub.after:
            raise ChangedSince(difference(sub, present))
        await self.restore(writer, resource, sub)
        return Restored.RESTORED


def difference(sub: SubWrite, present: Json) -> str:
    """Say how the present state of a part differs from what was written."""
    if isinstance(present, Mapping) and isinstance(sub.after, Mapping):
        members = sorted({*present, *sub.after})
        said = ", ".join(
            f"{each} is {present.get(each)!r}, was written as {sub.after.get(each)!r}"
            for each in members
            if present.get(each) != sub.after.get(each)
        )
    else:
        said = f"it is {_or_absent(present)}, was written as {_or_absent(sub.after)}"
    return f"{sub.name} has been changed since: {said}. Nothing is restored over it"


def _or_absent(part: Json) -> str:
    return "absent" if part is None else repr(part)


def reason_of(error: AwsError) -> Reason:
    """Return why nothing is written where a read failed: its rate, missing rights, or anything else.

    A role that may not be assumed is a right that is missing, too.
    """
    if isinstance(error, Throttled):
        return Reason.THROTTLED
    denied = isinstance(error, AccessDenied | RoleNotAssumable)
    return Reason.ACCESS_DENIED if denied else Reason.UNREADABLE


def outcome_is_unknown(error: AwsError) -> bool:
    """Whether a write that failed so may have been done all the same: only the live state can tell then."""
    return isinstance(error, Retryable) and not isinstance(error, Throttled)


async def read_or_none(
    reader: Reader, service: str, operation: str, parameters: Mapping[str, Any], *, none: Collection[str]
) -> dict[str, Any] | None:
    """Read what may not be there: None where AWS answers with one of the codes `none`."""
    try:
        return await reader.read(service, operation, parameters)
    except AwsError as error:
        if error.code in none:
            return None
        raise
