"""What is known of an organization that a hub's targets ask for: accounts and their tags, kept current.

They are read beside the hub's polls, which wait for nothing here: accounts and tags each hour, those that
were read the longest ago first, at half the quota of the organization. What was read is believed for a day.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import NamedTuple, Protocol

from posture.aws.client.errors import AwsError, MalformedResponse, Retryable, Throttled
from posture.domain.organization import AccountState, KnownOrganization, OrganizationAccount
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.time import HOUR
from posture.hubs.demand import OrganizationDemand, OrganizationKey
from posture.logs import bound, next_cycle
from posture.pace import BackOff
from posture.sources.findings_view import FindingsView
from posture.sources.thread import Worker
from posture.store.errors import StoreError

logger = logging.getLogger(__name__)

REFRESH = HOUR
"""How old anything becomes before it is read again (µs)."""
BELIEVED = 24 * HOUR
"""How long what was read is believed where it cannot be read again (µs)."""
_LOOK_EVERY = 60.0
_LONGEST_PAUSE = 300.0
_AT_ONCE = 4
_FAULTS_IN_A_ROW = 3
_TOLD_EVERY = 200
_PREFIX = "organization "
# Of the whole process: one that is begun anew must not repeat the versions of the one before.
_versions = count(1)


class OrganizationReader(Protocol):
    """Reads one organization. All but `now` raise AwsError."""

    def now(self) -> int:
        """Return the time (µs) by AWS's clock."""
        ...

    async def accounts(self) -> Mapping[str, OrganizationAccount]:
        """Return all of its accounts by id, whole."""
        ...

    async def tags_if_member(self, account_id: str) -> Mapping[str, str] | None:
        """Return the tags of an account; None where it is none of the organization."""
        ...


class OrganizationStatus(NamedTuple):
    """How the reading of an organization stands."""

    known: KnownOrganization
    errors: tuple[AwsError, ...] = ()
    """What the last attempts failed with."""


@dataclass(slots=True)
class _Memory:
    """What was read, and when (µs). Tags are those of `keys` alone: others are nobody's business here."""

    keys: frozenset[str] = frozenset()
    listed_at: int | None = None
    accounts: dict[str, OrganizationAccount] = field(default_factory=dict)
    tags: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)

    def text(self) -> str:
        """Return it as it is stored."""
        return json.dumps([sorted(self.keys), self.listed_at, self.accounts, self.tags])

    @staticmethod
    def of(text: str) -> "_Memory":
        """Read what `text` has written; empty where it is of another version."""
        try:
            keys, listed_at, accounts, tags = json.loads(text)
            return _Memory(
                frozenset(keys),
                listed_at,
                {
                    id_: OrganizationAccount(name, state and AccountState(state), path)
                    for id_, (name, state, path) in accounts.items()
                },
                {id_: (int(read_at), dict(values)) for id_, (read_at, values) in tags.items()},
            )
        except (ValueError, TypeError, AttributeError):
            return _Memory()


class OrganizationReading:
    """Keeps one organization current. `told` is called with how it stands, whenever it was looked at."""

    def __init__(
        self,
        key: OrganizationKey,
        reader: OrganizationReader,
        told: Callable[[OrganizationStatus], None],
        *,
        first_pause: float,
    ) -> None:
        self._state = _PREFIX + sha256("\n".join(part or "" for part in key).encode()).hexdigest()[:16]
        self._reader = reader
        self._told = told
        self._memory = _Memory()
        self._known = KnownOrganization()
        self._restored = False
        self._keys: frozenset[str] = frozenset()
        self._filters: dict[OrganizationDemand, AccountFilter] = {}
        self._asked_at = 0
        self._tried: dict[str, int] = {}
        self._errors: dict[str, AwsError] = {}
        self._pauses = BackOff(first_pause)
        self._wake = asyncio.Event()

    def ask(self, demands: Iterable[OrganizationDemand]) -> None:
        """Say what all targets ask for from now on."""
        filters = {
            each: self._filters.get(each)
            or AccountFilter(granted=each.granted, include=each.include, exclude=each.exclude)
            for each in demands
        }
        if filters.keys() == self._filters.keys():
            return
        self._filters = filters
        self._keys = frozenset(key for each in filters for key in each.tag_keys)
        if not self._keys <= self._memory.keys:
            # Nobody has read the others.
            self._memory.tags.clear()
        self._memory.keys = self._keys
        self._wake.set()

    def hurry(self) -> None:
        """Have everything read again at once: somebody asks."""
        self._asked_at = self._reader.now()
        self._wake.set()

    def look(self) -> None:
        """Look soon whether there is anything to read; what failed waits for its next attempt."""
        if not self._errors:
            self._wake.set()

    async def run(
        self, worker: Worker, findings: FindingsView, members: Callable[[], Collection[str]]
    ) -> None:
        """Read what is due, until cancelled. `members`: ids of the accounts that the hub knows.

        Raises StoreError.
        """
        await self._restore(worker, findings)
        while True:
            self._wake.clear()
            with bound(cycle=next_cycle()):
                try:
                    pause = await self._attempt(worker, findings, members)
                except StoreError:
                    raise
                except Exception:
                    # Scores by findings alone do not end with it.
                    logger.exception("Reading the organization crashed (a bug in the operator); trying again")
                    pause = _LONGEST_PAUSE
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _restore(self, worker: Worker, findings: FindingsView) -> None:
        """Begin with what was stored, unless this process has read something itself."""
        if not self._restored:
            text = await worker.call(findings.kept.state, self._state)
            stored = _Memory.of(text) if text else _Memory()
            if not self._keys <= stored.keys:
                stored.tags.clear()
            stored.keys = self._keys
            self._memory, self._restored = stored, True
        self._tell()

    async def _attempt(
        self, worker: Worker, findings: FindingsView, members: Callable[[], Collection[str]]
    ) -> float:
        """Read what is due; return the seconds until the next look."""
        changed = False
        try:
            if self._is_due(self._memory.listed_at):
                await self._list()
                changed = True
            accounts, _ = await worker.call(findings.rows.places)
            due = self._due({*accounts, *members(), *self._memory.accounts})
            changed = await self._read_tags(due) or changed
        except AwsError as error:
            pause = self._pauses.after(error, _LONGEST_PAUSE)
        else:
            pause = _LOOK_EVERY
            if self._errors:
                pause = self._pauses.after(next(iter(self._errors.values())), _LONGEST_PAUSE)
            else:
                self._pauses.succeeded()
        if changed:
            await worker.call(findings.kept.put_state, {self._state: self._memory.text()})
        self._tell()
        return pause

    async def _list(self) -> None:
        """List the accounts. Where that fails tags are read all the same, of the accounts that are known."""
        try:
            accounts = await self._reader.accounts()
        except AwsError as error:
            self._failed("the list of accounts", error)
            return
        self._memory.accounts, self._memory.listed_at = dict(accounts), self._reader.now()
        self._errors.pop("the list of accounts", None)

    def _is_due(self, read_at: int | None) -> bool:
        now = self._reader.now()
        return read_at is None or read_at < self._asked_at or not now - REFRESH < read_at <= now

    def _due(self, candidates: Collection[str]) -> list[str]:
        """Return the accounts whose tags are to be read, those first that were tried the longest ago."""
        wanted = {
            account_id
            for account_id in candidates
            if any(each.standing(account_id) is AccountStanding.TARGETED for each in self._filters.values())
        }
        tags = self._memory.tags
        for account_id in tags.keys() - wanted:
            del tags[account_id]
        if not self._keys:
            return []
        due = [each for each in wanted if self._is_due(tags[each][0] if each in tags else None)]
        self._tried = {each: at for each, at in self._tried.items() if each in wanted}
        return sorted(due, key=lambda each: (max(self._tried.get(each, 0), *tags.get(each, (0,))[:1]), each))

    async def _read_tags(self, due: list[str]) -> bool:
        """Read tags, some accounts at once; whether any was read. Raises AwsError where all would fail."""
        if not due:
            self._errors.pop("tags", None)
            return False
        failed = 0
        trouble: AwsError | None = None
        for start in range(0, len(due), _AT_ONCE):
            some = due[start : start + _AT_ONCE]
            found = await asyncio.gather(*map(self._reader.tags_if_member, some), return_exceptions=True)
            for account_id, tags in zip(some, found, strict=True):
                now = self._reader.now()
                self._tried[account_id] = now
                if isinstance(tags, AwsError):
                    trouble, failed = tags, failed + 1
                    continue
                if isinstance(tags, BaseException):
                    raise tags
                failed = 0
                kept = {key: value for key, value in (tags or {}).items() if key in self._keys}
                self._memory.tags[account_id] = (now, kept)
            if trouble is not None and (not _passes_alone(trouble) or failed >= _FAULTS_IN_A_ROW):
                self._failed("tags", trouble)
                raise trouble
            if start % _TOLD_EVERY == 0 and start + _AT_ONCE < len(due):
                self._tell()
        if trouble is None:
            self._errors.pop("tags", None)
        else:
            self._failed("tags", trouble)
        return True

    def _failed(self, what: str, error: AwsError) -> None:
        if str(self._errors.get(what)) != str(error):
            logger.warning("The organization's accounts: %s could not be read: %s", what, error)
        self._errors[what] = error

    def _tell(self) -> None:
        """Say what is believed now."""
        memory, now = self._memory, self._reader.now()
        listed = memory.listed_at
        accounts = memory.accounts if listed is not None and now - listed <= BELIEVED else {}
        tags = {id_: values for id_, (read_at, values) in memory.tags.items() if now - read_at <= BELIEVED}
        if (accounts, tags) != self._known[:2]:
            self._known = KnownOrganization(dict(accounts), tags, next(_versions))
        self._told(OrganizationStatus(self._known, tuple(self._errors.values())))


def _passes_alone(error: AwsError) -> bool:
    """Whether an account that could not be read says nothing of others."""
    return isinstance(error, Retryable | MalformedResponse) and not isinstance(error, Throttled)
