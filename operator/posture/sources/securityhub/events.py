"""Events of findings: copies that arrive unasked, stored by the same order as those that are asked for.

An event is ordered as a request that started at the event's `time`: a copy that was asked for later, or has a
greater `UpdatedAt`, stays. Where the whole seconds of that time leave open which of two copies is the newer,
where the event has no whole finding, or has odd values, the finding is read by Id: of that there is a tenth
of the quota at most, and what is beyond it is left to the polls.

Polls, re-lists and sweeps go on as if there were no events. Nothing is concluded from an event that does not
come, and no moment is called exact because one did.
"""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from posture.aws.client.clock import BELIEVED_AHEAD
from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import published
from posture.aws.securityhub.discovery import HubFacts
from posture.aws.securityhub.events import VAGUE, FindingEvent, Foreign, Malformed, read_event
from posture.domain.arns import partition_of, product_parts, region_of
from posture.domain.findings import Finding
from posture.pace import steady
from posture.sources.base import EventOutcome, EventsTaken
from posture.sources.findings_view import FindingsView
from posture.sources.securityhub.context import SyncContext
from posture.sources.securityhub.queries import VALUES
from posture.sources.securityhub.sweep import read_by_id
from posture.store.records import FindingRef, key_of

_SHARE = 0.1
"""Which part of the quota findings may be read by Id with because of events."""
_CALLS_AT_ONCE = 3.0

logger = logging.getLogger(__name__)


class EventScope(NamedTuple):
    """Which events are taken: those of this hub. Times in µs by AWS's clock."""

    facts: HubFacts
    accounts: frozenset[str]
    """Its members, and those that findings are of."""
    products: frozenset[str]
    since: int
    """Older events say nothing new: polls have read what they tell of."""
    now: int


class _Sorted(NamedTuple):
    """What was made of some messages, by their position."""

    outcomes: dict[int, EventOutcome]
    hints: dict[int, FindingRef]
    doubtful: dict[int, FindingRef]
    changed: bool
    odd: dict[EventOutcome, str]


class EventReader:
    """Takes the events of one hub."""

    def __init__(self, context: SyncContext) -> None:
        self._context = context
        self._calls = _CALLS_AT_ONCE
        self._counted_at = steady()

    async def take(self, bodies: Sequence[str], following: EventScope) -> EventsTaken:
        """Take the bodies of messages; see `posture.sources.base.Hearing`. Raises StoreError."""
        context = self._context
        known = await context.worker.call(sort_and_store, context.findings, bodies, following)
        context.tally.changed += sum(each is EventOutcome.STORED for each in known.outcomes.values())
        wanted = {each.key: each for each in (*known.hints.values(), *known.doubtful.values())}
        read, failed = await self._read(list(wanted.values()))
        outcomes, unsettled, odd = dict(known.outcomes), set[int](), dict(known.odd)
        for position, doubtful in known.doubtful.items():
            if doubtful.key in read:
                outcomes[position] = EventOutcome.STORED
        for position, hint in known.hints.items():
            outcomes[position] = EventOutcome.STORED if hint.key in read else EventOutcome.FAILED
            if failed is not None and hint.key not in read:
                unsettled.add(position)
                odd[EventOutcome.FAILED] = str(failed)
        for position in range(len(bodies)):
            if position not in outcomes:
                outcomes[position] = EventOutcome.FAILED
                unsettled.add(position)
        return EventsTaken(Counter(outcomes.values()), frozenset(unsettled), known.changed or bool(read), odd)

    async def _read(self, refs: Sequence[FindingRef]) -> tuple[Collection[bytes], AwsError | None]:
        """Read findings by Id, as far as their share of the quota goes; return which, and what failed."""
        read: set[bytes] = set()
        for at in range(0, len(refs), VALUES):
            some = refs[at : at + VALUES]
            if not self._may_call():
                logger.info("%d findings that events tell of are left to the next poll", len(refs) - at)
                break
            try:
                gone = await read_by_id(self._context, some)
            except AwsError as error:
                return read, error
            await self._context.worker.call(self._context.findings.remove, [gone])
            read.update(each.key for each in some)
        return read, None

    def _may_call(self) -> bool:
        now = steady()
        per_second = _SHARE * published("securityhub", "GetFindings").per_second
        self._calls = min(_CALLS_AT_ONCE, self._calls + (now - self._counted_at) * per_second)
        self._counted_at = now
        if self._calls < 1.0:
            return False
        self._calls -= 1.0
        return True


def sort_and_store(findings: FindingsView, bodies: Sequence[str], following: EventScope) -> _Sorted:
    """Read messages and store the copies of findings in them; it runs in the hub's thread."""
    outcomes: dict[int, EventOutcome] = {}
    hints: dict[int, FindingRef] = {}
    copies: dict[int, tuple[Finding, int, bytes]] = {}
    odd: dict[EventOutcome, str] = {}
    for position, body in enumerate(bodies):
        try:
            event = _event_of(body, following)
        except (Foreign, Malformed) as verdict:
            outcome = EventOutcome.FOREIGN if isinstance(verdict, Foreign) else EventOutcome.MALFORMED
            outcomes[position], odd[outcome] = outcome, str(verdict)
        except Exception:
            # It comes again, and goes to the dead-letter queue in the end, where it can be looked at. The
            # others are not to suffer for it.
            logger.exception("Reading a message crashed (a bug in the operator); it is left in the queue")
        else:
            at = min(event.at, following.now)
            if at < following.since:
                outcomes[position] = EventOutcome.UNCHANGED
            elif event.finding is None:
                hints[position] = FindingRef(key_of(*event.of), event.of.id, event.of.product_arn)
            else:
                copies[position] = (_not_ahead(event.finding, at), at, event.whole)
    if not copies:
        return _Sorted(outcomes, hints, {}, changed=False, odd=odd)
    written = findings.take_events(list(copies.values()), vague=VAGUE)
    # Of several copies of one finding at most one changed it: which of them, nobody asks.
    for number, position in enumerate(copies):
        stored = number < written.changed
        outcomes[position] = EventOutcome.STORED if stored else EventOutcome.UNCHANGED
    doubtful = {each.key: each for each in written.doubtful}
    keys = (
        {position: key_of(each.product_arn, each.id) for position, (each, *_) in copies.items()}
        if doubtful
        else {}
    )
    left = {position: doubtful[key] for position, key in keys.items() if key in doubtful}
    return _Sorted(outcomes, hints, left, changed=written.changed > 0, odd=odd)


def _event_of(body: str, following: EventScope) -> FindingEvent:
    """Read a message. Raises Malformed, and Foreign where the event is of nothing that is followed."""
    event = read_event(body)
    if foreign := why_foreign(event, following):
        raise Foreign(foreign)
    return event


def why_foreign(event: FindingEvent, following: EventScope) -> str:
    """Say why an event is not of a finding that is followed; empty where it is."""
    facts, finding = following.facts, event.finding
    if (event.account_id, event.region) != (facts.account_id, facts.region):
        account, bus_region = event.account_id or "(none)", event.region or "(none)"
        return f"it is of the bus in account {account} and Region {bus_region}"
    partition, region = partition_of(event.of.product_arn), region_of(event.of.product_arn)
    try:
        product_parts(event.of.product_arn)
    except ValueError as error:
        return str(error)
    if finding is not None:
        region = finding.region
        if finding.account_id not in following.accounts:
            return f"account {finding.account_id} is none of this Security Hub's"
        if finding.check.product not in following.products:
            return "its product is none of those that are followed"
    if partition != facts.partition:
        return f"its finding is of partition {partition}"
    if facts.region not in {region, facts.aggregation_region}:
        return f"its finding is of Region {region}, which is not collected here"
    return ""


def _not_ahead(finding: Finding, at: int) -> Finding:
    """Return a finding as updated when its event was sent, at the latest, as is done with those of pages."""
    return finding if finding.updated_at <= at + BELIEVED_AHEAD else finding._replace(updated_at=at)
