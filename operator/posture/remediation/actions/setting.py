"""Actions that put settings of a resource right, mostly one: one call sets it either way."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, ClassVar

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ACCOUNT, ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
    check_account,
    read_or_none,
)
from posture.remediation.actions.parameters import Values


class PartByPart(Action):
    """Each part of a state is set by one call, to what is right and to what it was before.

    `summary`: what setting it right does, in the imperative.
    """

    summary: ClassVar[str]

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Set what is right."""
        await self.put_part(writer, resource, sub.name, sub.after)

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Set what was before."""
        await self.put_part(writer, resource, sub.name, sub.before)

    @abstractmethod
    async def put_part(self, writer: Writer, resource: ResourceKey, part: str, value: Json) -> None:
        """Set a part, by one call that changes nothing else."""


class Setting(PartByPart):
    """The part `part` is to be `right`, or what `wanted` says."""

    about: ClassVar[str] = ""
    """What is found wrong, as a page begins; empty: the docstring of its module says it."""
    part: ClassVar[str]
    right: ClassVar[Json]

    def is_right(self, present: Json) -> bool:
        """Whether a value is as the control wants it."""
        return bool(present == self.right)

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return what the part is to be; `present` itself where it is right. Raises Refused."""
        del values, situation
        return present if self.is_right(present) else self.right

    def says(self, present: Json, wanted: Json) -> str:
        """Say what setting the part to `wanted` does."""
        del present, wanted
        return self.summary

    def check(self, state: LiveState) -> None:
        """Raise Refused where a resource in this state is not touched although it is wrong."""

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Compare the setting with what the control wants."""
        present = state.parts[self.part]
        wanted = self.wanted(present, values, situation)
        if wanted == present:
            return Verdict()
        self.check(state)
        return Verdict((SubWrite(self.part, self.says(present, wanted), present, wanted),))

    async def put_part(self, writer: Writer, resource: ResourceKey, part: str, value: Json) -> None:
        """Set the one part that there is."""
        del part
        await self.put(writer, resource, value)

    @abstractmethod
    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set a value, by one call that changes nothing else."""


class AccountSetting(Setting):
    """A setting that an account has in each Region, and that touches nothing which exists."""

    works_on = WorksOn(frozenset({ACCOUNT}))

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the account."""
        check_account(resource)
        return (Tagged(resource.id, await reader.account_tags()),)


async def read_or_gone(
    reader: Reader, service: str, operation: str, parameters: Mapping[str, Any], *, gone: Collection[str]
) -> dict[str, Any]:
    """Read something of a resource; Refused (`ResourceGone`) where AWS says one of the codes `gone`."""
    body = await read_or_none(reader, service, operation, parameters, none=gone)
    if body is None:
        raise Refused(Reason.RESOURCE_GONE, f"It is gone: {service}:{operation} does not find {parameters}")
    return body


def the_one(body: Mapping[str, Any], listed: str, member: str, wanted: str) -> dict[str, Any]:
    """Return the one entry of the list `listed` that was asked for, and whose `member` is `wanted`.

    Refused: it is gone, which an empty list says, or the answer is another one (`Unreadable`).
    """
    found: list[dict[str, Any]] | None = body.get(listed)
    if found == []:
        raise Refused(Reason.RESOURCE_GONE, f"It is gone: {wanted} is not among {listed}")
    if found is None or [each.get(member) for each in found] != [wanted]:
        raise Refused(Reason.UNREADABLE, f"AWS did not answer with {wanted} in {listed}")
    return found[0]


async def read_pages(
    reader: Reader,
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    *,
    gone: Collection[str],
    tokens: tuple[str, str] = ("NextToken", "NextToken"),
) -> AsyncIterator[dict[str, Any]]:
    """Read all pages. `tokens`: what the answer calls the next page's token, and the request."""
    request = dict(parameters)
    while True:
        body = await read_or_gone(reader, service, operation, request, gone=gone)
        yield body
        token = body.get(tokens[0])
        if not token:
            return
        request[tokens[1]] = token


async def read_list(
    reader: Reader,
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    *,
    member: str,
    gone: Collection[str],
    tokens: tuple[str, str] = ("NextToken", "NextToken"),
) -> list[dict[str, Any]]:
    """Read all pages of a list, as `read_pages` does.

    Refused (`Unreadable`) where an answer has no such list, which is not the same as an empty one.
    """
    found: list[dict[str, Any]] = []
    async for body in read_pages(reader, service, operation, parameters, gone=gone, tokens=tokens):
        if member not in body:
            raise Refused(Reason.UNREADABLE, f"{service}:{operation} did not answer with {member}")
        found += body[member]
    return found


def pairs(tags: list[dict[str, Any]], key: str = "Key", value: str = "Value") -> tuple[tuple[str, str], ...]:
    """Return tags as pairs."""
    return tuple((tag[key], tag[value]) for tag in tags)
