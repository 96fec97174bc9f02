"""What the hub is: discovered, kept in the store, and discovered again when it is old or somebody asks."""

import time
from typing import Protocol

import msgspec

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.discovery import HubFacts
from posture.sources.securityhub.context import SyncContext
from posture.sources.securityhub.listing import FindingsSource

_KEY = "facts"


class Cloud(FindingsSource, Protocol):
    """What a hub asks of AWS; `posture.aws.securityhub.SecurityHub` is one."""

    def now(self) -> int:
        """Return the time (µs) by AWS's clock; by the local one while AWS has not answered."""
        ...

    def set_forward(self) -> int:
        """Return by how much (µs) that clock is ahead of what it was within the last day, at the most."""
        ...

    async def discover(self) -> HubFacts:
        """Find out what this hub is."""
        ...


class Discovered(msgspec.Struct):
    """Facts, and when they were found by the local clock (µs): only their age is of interest."""

    facts: HubFacts
    at: int


async def stored_facts(context: SyncContext) -> Discovered | None:
    """Return what a process before this one found; None where there is nothing, or nothing readable."""
    stored = await context.worker.call(context.findings.kept.state, _KEY)
    try:
        found = None if stored is None else msgspec.json.decode(stored, type=Discovered)
    except msgspec.DecodeError:
        return None
    if found is not None and found.facts.setup is None:
        # A version before this one has not asked for all of it: what it found is good until that is done.
        found.at = 0
    return found


def kept_facts(before: HubFacts, found: HubFacts) -> HubFacts:
    """Return what was found, but for what the reader may no longer see: of that, what was seen before.

    A right that is withdrawn must not turn controls on that are off: `found.missing` says what is denied.
    A standard's status, its reason too, is always the one that was found.
    """
    if not found.standards_known:
        return found._replace(standards=before.standards, standards_known=before.standards_known)
    complete = {standard.name: standard for standard in before.standards if standard.complete}
    standards = tuple(
        standard
        if standard.complete
        else complete.get(standard.name, standard)._replace(status=standard.status, reason=standard.reason)
        for standard in found.standards
    )
    return found._replace(standards=standards)


async def current_facts(
    context: SyncContext, cloud: Cloud, before: Discovered | None, *, anew: bool
) -> tuple[Discovered, AwsError | None]:
    """Return facts that are not older than `Bounds.facts`, from now where `anew`.

    Where they cannot be had, those of before are good for the time being, and the error comes with them;
    without any, it is raised.
    """
    now = time.time_ns() // 1_000
    if before is not None and not anew and 0 <= now - before.at < context.bounds.facts:
        return before, None
    try:
        facts = await cloud.discover()
        found = Discovered(facts if before is None else kept_facts(before.facts, facts), now)
    except AwsError as error:
        if before is None:
            raise
        return before, error
    await context.worker.call(context.findings.kept.put_state, {_KEY: msgspec.json.encode(found).decode()})
    return found, None
