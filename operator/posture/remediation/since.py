"""Since when resources are in scope of rules without a break, kept in the hub's store. In the hub's thread.

A resource is in scope of a rule from the first look at which nothing kept the rule from it: no policy, no
exception, no suppression, no control that is turned off. What was so meanwhile begins anew. The memory
outlives the process; what it cannot vouch for it forgets: a resource then waits longer, never shorter.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b

import msgspec

from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import HOUR
from posture.store.interface import KeptMoments

LONGEST_BREAK = HOUR
"""Between two looks, beyond which nothing is concluded from the earlier one (µs): a policy or an exception
may have come and gone meanwhile, and nobody keeps record of that."""

_LOOKED = "looked"
_encode = msgspec.msgpack.Encoder().encode


def _subject(uid: str) -> str:
    return f"in scope of {uid}"


def _key(resource: ResourceKey) -> bytes:
    """Return the 16 bytes that stand for a resource."""
    return blake2b(_encode(tuple(resource)), digest_size=16).digest()


class InScope:
    """Remembers one hub's rules, by uid. A look is `begin`, `note` for each rule that is planned, `end`.

    What a look has noted counts from its `end` on: before that it is in no store.
    """

    def __init__(self) -> None:
        self.watched_since: int | None = None
        """The first of the looks that this one follows without a break (µs); None before any.

        Nothing that happened in Security Hub before it was seen as it happened.
        """
        self._looked: int | None = None
        self._known: dict[str, dict[ResourceKey, int]] = {}
        self._noted: dict[str, dict[ResourceKey, int]] = {}
        self._stored: dict[str, dict[bytes, int]] = {}
        self._fresh = True

    def begin(self, kept: KeptMoments, now: int, interval: int) -> None:
        """Begin a look at `now`, where one is due every `interval` (µs)."""
        self._noted, self._stored = {}, {}
        looked = kept.moments(_LOOKED).get(b"") if self._looked is None else self._looked
        self._fresh = looked is None or not 0 <= now - looked <= max(LONGEST_BREAK, 2 * interval)
        if self._fresh:
            self._known = {}
        if self._fresh or self._looked is None:
            self.watched_since = now

    def note(
        self, kept: KeptMoments, uid: str, resources: Iterable[ResourceKey], now: int
    ) -> Mapping[ResourceKey, int]:
        """Return since when (µs) each of these, which are all that are in scope of a rule now, has been."""
        known = self._known.get(uid)
        if known is not None or self._fresh:
            since = {each: (known or {}).get(each, now) for each in resources}
        else:
            stored = self._stored[uid] = kept.moments(_subject(uid))
            since = {each: stored.get(_key(each), now) for each in resources}
        self._noted[uid] = since
        return since

    def correct(self, uid: str, resource: ResourceKey, at: int) -> None:
        """Have a resource that this look has noted be in scope of a rule since another moment (µs)."""
        self._noted[uid][resource] = at

    def end(self, kept: KeptMoments, now: int) -> None:
        """Store what is new and what is no more, in one transaction; rules that were not noted are forgotten.

        Raises StoreError, and then the look has not been.
        """
        changed: dict[str, Mapping[bytes, int | None]] = {_LOOKED: {b"": now}}
        for uid, since in self._noted.items():
            changed[_subject(uid)] = self._difference(uid, since)
        subjects: Collection[str] = () if self._fresh else changed
        kept.put_moments(changed, subjects=subjects)
        before, self._known, self._looked = self._known, self._noted, now
        # Letting a hundred thousand keys go at once lets nobody else run meanwhile.
        for known in before.values():
            while known:
                known.popitem()

    def _difference(self, uid: str, since: Mapping[ResourceKey, int]) -> dict[bytes, int | None]:
        changed: dict[bytes, int | None]
        if uid in self._stored:
            stored = self._stored[uid]
            known_now = {_key(each): at for each, at in since.items()}
            changed = {key: at for key, at in known_now.items() if stored.get(key) != at}
            changed.update((key, None) for key in stored if key not in known_now)
            return changed
        known = self._known.get(uid, {})
        changed = {_key(each): at for each, at in since.items() if known.get(each) != at}
        changed.update((_key(each), None) for each in known if each not in since)
        return changed
