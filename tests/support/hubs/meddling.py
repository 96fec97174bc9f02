"""What stands between a sync and its hub in the tests: small pages, changes between pages, crashes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from posture.aws.securityhub.client import SecurityHub
from posture.aws.securityhub.wire import FindingsPage


class Meddler:
    """A source with small pages. `between` is called before each request and after each answer.

    `sorts`: False for one that does not do what SortCriteria says. `after` is awaited after each answer.
    `asked`: the filters of the listings; `by_id`: how many requests by Id there were beside them.
    """

    def __init__(self, client: SecurityHub, page: int = 7) -> None:
        self.page = page
        self.sorts = True
        self.calls = 0
        self.between: Callable[[], None] = lambda: None
        self.after: Callable[[], Awaitable[None]] | None = None
        self.asked: list[Mapping[str, Any]] = []
        self.by_id = 0
        self._client = client
        self._victim: asyncio.Future[Any] | None = None
        self._crash_at = 0
        self._holding = False

    def crash(self, victim: asyncio.Future[Any], at: int, *, holding: bool) -> None:
        """Cancel the victim at the call of that number, or when it has the answer in its hands."""
        self._victim, self._crash_at, self._holding = victim, at, holding

    def spare(self) -> None:
        """Cancel nobody any more."""
        self._victim = None

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        self.calls += 1
        if "Id" in filters:
            self.by_id += 1
        else:
            self.asked.append(filters)
        self.between()
        if not self._holding:
            await self._maybe_crash()
        page = await self._client.get_findings(
            filters, sort=sort if self.sorts else None, next_token=next_token, max_results=self.page
        )
        self.between()
        await self._maybe_crash()
        if self.after is not None:
            await self.after()
        return page

    async def _maybe_crash(self) -> None:
        if self._victim is not None and self.calls > self._crash_at:
            self._victim.cancel()
            await asyncio.sleep(0 if self._holding else 3600)
