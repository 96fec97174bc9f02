"""What stands between a sync and its hub in the tests: small pages, changes between pages, crashes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from posture.aws.securityhub import FindingsPage, SecurityHub


class Meddler:
    """A source with pages of `page` findings. `between` is called before each request and after each answer.

    `crash_after` answers the task `victim` is cancelled, with the answer in its hands or not.
    """

    def __init__(self, client: SecurityHub, page: int = 7) -> None:
        self.page = page
        self.calls = 0
        self.between: Callable[[], None] = lambda: None
        self.victim: asyncio.Task[Any] | None = None
        self.crash_after = -1
        self.holding = False
        self._client = client

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        self.calls += 1
        self.between()
        if not self.holding:
            await self._maybe_crash()
        page = await self._client.get_findings(
            filters, sort=sort, next_token=next_token, max_results=self.page
        )
        self.between()
        await self._maybe_crash()
        return page

    async def _maybe_crash(self) -> None:
        if self.victim is not None and self.calls > self.crash_after:
            self.victim.cancel()
            await asyncio.Event().wait()
