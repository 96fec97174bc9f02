"""Runs the steps of a sync, and compares what it knows, and the numbers made of it, with the truth."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.discovery import HubFacts
from posture.domain.findings import Finding
from posture.domain.scoring.accounts import AccountFilter
from posture.domain.scoring.evaluation import View
from posture.domain.standards import Controls
from posture.sources.securityhub.sync import Sync
from tests.support import oracle
from tests.support.hubs.history import History, Name, Picture, allowed_after_poll, is_listed, material
from tests.support.hubs.world import FSBP, HOUR, MEMBERS, MINUTE, SECOND, stored
from tests.support.oracle import product

WINDOW = 30 * HOUR
_SPEC: dict[str, Any] = {
    "source": {"securityStandards": {"standards": [FSBP]}},
    "products": ["Security Hub", "GuardDuty"],
    "accounts": {"include": ["*"], "exclude": [MEMBERS[1]]},
    "scoring": {"evaluationWindow": "30h"},
    "grouping": {"accountNamePattern": "^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$"},
}
_ATTEMPTS = 40


class Witness:
    """Of one sync, which is replaced after a crash. Steps are repeated until no call fails any more."""

    def __init__(self, sync: Sync, history: History, facts: HubFacts) -> None:
        self.sync = sync
        self.history = history
        self._facts = facts

    def findings(self) -> Picture:
        """What the store holds."""
        return stored(self.sync.context.findings.rows)

    async def poll(self) -> None:
        """Poll, undisturbed: what a poll reads is as AWS has it, and the numbers are exact."""
        before, followed = self.findings(), self.sync.context.progress.done.polled
        assert followed is not None
        published = await until_it_works(self.sync.poll)
        since = followed - 15 * MINUTE + 5 * SECOND
        self._same(allowed_after_poll(before, self.history.truth(), since))
        if not published:
            await self._catch_up()
        await self.scores()

    async def _catch_up(self) -> None:
        """Nothing is published after a long pause until what is overdue has been done."""
        if self.sync.relist_due():
            await until_it_works(self.sync.relist)
        if self.sync.sweep_due():
            await until_it_works(self.sync.sweep)
        assert await until_it_works(self.sync.poll)

    async def relist(self) -> None:
        """Re-list, undisturbed: what is not PASSED is as AWS has it, but for what polls read."""
        before = self.findings()
        await until_it_works(self.sync.relist)
        holds, truth = self.findings(), self.history.truth()
        for name in before.keys() | truth.keys():
            if is_listed(before.get(name)) or is_listed(truth.get(name)):
                assert material(holds.get(name)) == material(truth.get(name))

    async def sweep(self) -> None:
        """Sweep, undisturbed: everything is as AWS has it."""
        await until_it_works(self.sync.sweep)
        assert self.findings() == self.history.truth()

    def nothing_is_missing(self) -> None:
        """Every finding is known."""
        assert not self.history.truth().keys() - self.findings().keys()

    def every_state_was_so(self) -> None:
        """What is known of each finding was so at some moment."""
        for each in self.findings().values():
            self.history.document_of(each)

    async def scores(self, picture: Picture | None = None) -> None:
        """What is published is what the oracle makes of the findings as they are known, or were."""
        published, findings = self.sync.published, self.sync.context.findings
        assert published is not None
        exact = await self.sync.context.worker.call(findings.evaluate, self._view(), WINDOW)
        assert exact is not None
        seen = self.findings() if picture is None else picture
        documents = [self.history.document_of(each) for each in seen.values()]
        expected = oracle.scores(documents, _SPEC, self._hub(), published.exact_at)
        assert product.numbers(exact.evaluation) == expected

    def _same(self, allowed: dict[Name, list[Finding | None]]) -> None:
        holds = self.findings()
        assert holds.keys() <= allowed.keys()
        for name, pictures in allowed.items():
            assert material(holds.get(name)) in [material(each) for each in pictures], name

    def _view(self) -> View:
        published = self.sync.published
        return View(
            standards=(FSBP,),
            controls=Controls({standard.name: standard for standard in self._facts.standards}),
            accounts=AccountFilter(granted=["*"], **_SPEC["accounts"]),
            grouping=product.grouping(_SPEC["grouping"]),
            products=frozenset(_SPEC["products"]),
            names=published.names if published else {},
            members=frozenset(self._facts.members),
            home=(self._facts.account_id, self._facts.region),
        )

    def _hub(self) -> dict[str, Any]:
        return {
            "account": self._facts.account_id,
            "region": self._facts.region,
            "members": dict(self._facts.members),
            "granted": ["*"],
            "standards": {
                standard.name: {
                    "complete": standard.complete,
                    "controls": [each._asdict() for each in standard.controls.values()],
                }
                for standard in self._facts.standards
            },
        }


async def until_it_works(step: Callable[[], Awaitable[Any]]) -> Any:
    """Repeat a step that fails for AWS's sake, as a hub does; it goes on from where it was."""
    for _ in range(_ATTEMPTS):
        try:
            return await step()
        except AwsError:
            await asyncio.sleep(0)
    raise AssertionError(f"{step} never worked")
