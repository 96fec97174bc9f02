"""Sweeps: reads everything of the wanted products, whatever its state and age, and settles what is missing.

Rows that a listing did not return are read by Id before anything is concluded, and kept when too many.
"""

from collections.abc import Callable, Sequence

from posture.aws.client.errors import Retryable, TokenRefused
from posture.aws.client.paging import MOST_READINGS, given_up
from posture.aws.securityhub.wire import FindingsPage
from posture.sources.securityhub.context import Reading, SyncContext
from posture.sources.securityhub.progress import POLLS, SWEEP, Listing, listing
from posture.sources.securityhub.queries import VALUES, by_id, everything
from posture.store.records import FindingRef, Members, key_of


def begin(context: SyncContext, *, full: bool) -> Listing:
    """Begin a sweep of all wanted products, or only of those that no sweep has read yet."""
    done = context.progress.done
    products = context.wanted if full else context.wanted - done.products
    under_way = listing(products, len(everything(products)))
    under_way.full = products == context.wanted
    context.progress.sweep = under_way
    return under_way


async def sweep(context: SyncContext, under_way: Listing, watch: Callable[[Reading], None]) -> None:
    """Read a sweep on to its end, and draw its conclusions. `watch` is given its reading."""
    progress = context.progress
    reading = Reading(
        context,
        under_way,
        everything(under_way.products),
        keys=(SWEEP, POLLS),
        cursor=lambda: _cursor(context, under_way),
        on_started=lambda started: _follow(context, started),
    )
    watch(reading)
    started = await reading.run()
    if not under_way.full:
        # Of products that no sweep has read: what a removal of theirs that was cut off has left behind.
        await remove_unread(context, started, started, frozenset(under_way.credited))
    elif not await _conclude(context, under_way, started):
        return
    progress.done.products |= under_way.credited
    progress.sweep = None
    await context.worker.call(context.findings.kept.put_state, progress.stored(POLLS, SWEEP))


def _follow(context: SyncContext, started: int) -> None:
    """Follow the changes from the first sweep's start: what leaves its windows meanwhile has changed."""
    done = context.progress.done
    if done.polled is None:
        done.polled = started


def _cursor(context: SyncContext, under_way: Listing) -> int | None:
    """Return up to when polls must have brought all changes; None in the first sweep of a product."""
    done = context.progress.done
    if done.polled is None or not under_way.products <= done.products:
        return None
    return done.polled - context.bounds.overlap


async def _conclude(context: SyncContext, under_way: Listing, started: int) -> bool:
    """Remove what is gone; False when too much is: then the next sweep, begun here, has to miss it too."""
    progress, products = context.progress, frozenset(under_way.credited)
    if under_way.confirms is not None:
        await remove_unread(context, under_way.confirms, started, products)
    if not await settle(context, Members.ACTIVE, started, products):
        progress.done.suspicious = started
        begin(context, full=True).confirms = started
        await context.worker.call(context.findings.kept.put_state, progress.stored(POLLS, SWEEP))
        return False
    await context.worker.call(context.findings.conclude_sweep, started)
    done = progress.done
    if done.suspicious is not None and done.suspicious <= started:
        done.suspicious = None
    done.swept, done.sweep_took = started, context.latest - started
    done.relisted = max(started, done.relisted or started)
    return True


_CHUNK = 500


async def settle(context: SyncContext, which: Members, asked_before: int, products: frozenset[str]) -> bool:
    """Read by Id the members that no request since `asked_before` has returned, and remove what is gone.

    False when that is too much to be believed at once (`Bounds.gone` rows and `gone_share` of the ACTIVE ones
    exceeded): then every row stays. A listing goes wrong in more ways than findings disappear: a delegation
    that was changed, a member that was detached, an index that lags.
    """
    refs = await context.worker.call(context.findings.rows.unread, which, asked_before, products=products)
    gone: list[tuple[int, list[bytes]]] = []
    count = 0
    believable: float | None = None
    while batch := await context.take_refs(refs, VALUES):
        asked_at, missing = await read_by_id(context, batch)
        gone.append((asked_at, missing))
        count += len(missing)
        if count > context.bounds.gone:
            if believable is None:
                active = await context.worker.call(
                    context.findings.rows.count, Members.ACTIVE, products=products
                )
                believable = context.bounds.gone_share * active
            if count > believable:
                return False
    context.tally.changed += await context.worker.call(context.findings.remove, gone)
    return True


async def read_by_id(context: SyncContext, refs: Sequence[FindingRef]) -> tuple[int, list[bytes]]:
    """Read up to 20 findings by Id into the store.

    Returns when they were asked for, and the keys of those that are missing. A finding that cannot be decoded
    any more, or is not of a wanted product, is missing too.

    What counts is one page that says it is all, which needs no token: where others share the Ids so that
    there are more, fewer Ids are asked for, and one by its ProductArn too: that finding and no other.
    """
    ids = sorted({ref.id for ref in refs})
    page = await context.source.get_findings(by_id(ids))
    if page.next_token is None:
        return page.asked_at, await _missing(context, refs, page)
    if len(refs) == 1:
        return await _read_one(context, refs[0])
    half = len(refs) // 2
    first, missing = await read_by_id(context, refs[:half])
    _, others = await read_by_id(context, refs[half:])
    return first, missing + others


async def _read_one(context: SyncContext, ref: FindingRef) -> tuple[int, list[bytes]]:
    """Read one finding by Id and ProductArn, as `read_by_id`: missing is what no page has, to the last.

    Pages without findings that others follow occur (GetFindings, API reference, NextToken). Raises Retryable
    where they do not end.
    """
    filters, token = by_id([ref.id], [ref.product_arn]), None
    for _ in range(MOST_READINGS):
        try:
            page = await context.source.get_findings(filters, next_token=token)
        except TokenRefused as refused:
            raise given_up(refused) from refused
        missing = await _missing(context, [ref], page)
        if not missing or page.next_token is None:
            return page.asked_at, missing
        token = page.next_token
    raise Retryable(
        "Pages without a finding that was asked for by its Id did not end",
        service="securityhub",
        operation="GetFindings",
        code="Unsteady",
        advice="It stays as it is known, and is read again at the next poll",
    )


async def _missing(context: SyncContext, refs: Sequence[FindingRef], page: FindingsPage) -> list[bytes]:
    """Store a page; return the keys of those that are not on it."""
    await context.take([page])
    found = {
        key_of(finding.product_arn, finding.id)
        for finding in page.findings
        if finding.check.product in context.wanted
    }
    return [ref.key for ref in refs if ref.key not in found]


async def remove_unread(
    context: SyncContext, asked_before: int, asked_at: int, products: frozenset[str]
) -> None:
    """Remove every row that no request since `asked_before` has returned, without reading it by Id.

    `asked_at`: the start of a complete sweep: the second that missed it, or the first that was made.
    """
    refs = await context.worker.call(
        context.findings.rows.unread, Members.ALL, asked_before, products=products
    )
    while chunk := await context.take_refs(refs, _CHUNK):
        gone = [(asked_at, [ref.key for ref in chunk])]
        context.tally.changed += await context.worker.call(context.findings.remove, gone)
