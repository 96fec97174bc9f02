"""Rows that a listing did not return: read by Id before anything is concluded, kept when too many."""

from collections.abc import Sequence

from posture.hubs.desk import Desk
from posture.hubs.queries import VALUES, by_id
from posture.store import FindingRef, Members, key_of

_CHUNK = 500


async def settle(desk: Desk, which: Members, asked_before: int, products: frozenset[str]) -> bool:
    """Read by Id the members that no request since `asked_before` has returned, and remove what is gone.

    False when that is too much to be believed at once (`Bounds.gone` rows and `gone_share` of the ACTIVE ones
    exceeded): then every row stays. A listing goes wrong in more ways than findings disappear: a delegation
    that was changed, a member that was detached, an index that lags.
    """
    refs = await desk.worker.call(desk.known.unread, which, asked_before, products)
    gone: list[tuple[int, list[bytes]]] = []
    count = 0
    believable: float | None = None
    while batch := await desk.some(refs, VALUES):
        asked_at, missing = await read_by_id(desk, batch)
        gone.append((asked_at, missing))
        count += len(missing)
        if count > desk.bounds.gone:
            if believable is None:
                active = await desk.worker.call(desk.known.store.count, Members.ACTIVE, products=products)
                believable = desk.bounds.gone_share * active
            if count > believable:
                return False
    desk.tally.changed += await desk.worker.call(desk.known.remove, gone)
    return True


async def read_by_id(desk: Desk, refs: Sequence[FindingRef]) -> tuple[int, list[bytes]]:
    """Read up to 20 findings by Id into the store.

    Returns when they were asked for, and the keys of those that are missing. A finding that cannot be decoded
    any more, or is not of a wanted product, is missing too.

    What counts is one page, which needs no token: where others share the Ids so that there are more, fewer
    Ids are asked for, and one by its ProductArn too, which is that finding and no other.
    """
    ids = sorted({ref.id for ref in refs})
    page = await desk.source.get_findings(by_id(ids))
    if page.next_token is not None and len(refs) > 1:
        half = len(refs) // 2
        first, missing = await read_by_id(desk, refs[:half])
        _, others = await read_by_id(desk, refs[half:])
        return first, missing + others
    if page.next_token is not None:
        page = await desk.source.get_findings(by_id(ids, [ref.product_arn for ref in refs]))
    await desk.take([page])
    found = {
        key_of(finding.product_arn, finding.id)
        for finding in page.findings
        if finding.check.product in desk.wanted
    }
    return page.asked_at, [ref.key for ref in refs if ref.key not in found]


async def remove_unread(desk: Desk, asked_before: int, asked_at: int, products: frozenset[str]) -> None:
    """Remove every row that no request since `asked_before` has returned, without reading it by Id.

    `asked_at`: the start of a complete sweep: the second that missed it, or the first that was made.
    """
    refs = await desk.worker.call(desk.known.unread, Members.ALL, asked_before, products)
    while chunk := await desk.some(refs, _CHUNK):
        gone = [(asked_at, [ref.key for ref in chunk])]
        desk.tally.changed += await desk.worker.call(desk.known.remove, gone)
