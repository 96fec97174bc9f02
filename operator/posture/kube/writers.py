"""Who writes the statuses of a namespace's objects, where two releases watch it.

A Lease keeps replicas of one release apart. Releases that watch the same namespace hold different Leases,
maybe in namespaces that neither can read: they meet on the objects only. Each status therefore says which
release wrote it. Whoever finds another's name on a status after having written that status itself, knows that
the other one is alive, and both know which of them goes on: the one that watches some namespaces before the
one that watches all, and of two such the one whose name comes first. The other writes nothing there until ten
minutes have passed in which nobody else wrote.

The name of a release that is gone is on no object for long: whoever writes next puts its own there, and asks
nobody.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from posture.kube.leadership import Leading
from posture.kube.resources import ApiResource, Object, ObjectRef
from posture.pace import steady

QUIET = 600.0
"""Seconds without a write of the other release after which a release that yielded writes again."""
GENERAL_LEASE = "posture-operator"
_TELL_AGAIN_AFTER = 3600.0
_NAME = re.compile(rf"[a-z0-9-]{{1,63}}/{GENERAL_LEASE}(-[0-9a-f]{{8}})?", re.ASCII)


class Meeting(NamedTuple):
    """What people are to be told of two releases that met, and on which object."""

    ref: ObjectRef
    note: str


class Writers:
    """What is known of other releases. `name`: this release's, as `release_name` makes it; empty: none.

    For the event loop's thread. Nothing here calls anybody: who looks tells what is new.
    """

    def __init__(self, name: str, *, clock: Callable[[], float] = steady) -> None:
        self.name = name
        self._clock = clock
        self._seen: dict[str, int] = {}
        self._until: dict[str, float] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._news: list[Meeting] = []

    def signed(self, status: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a status that says who writes it."""
        return {**status, "writer": self.name} if self.name else status

    def wrote(self, obj: Object) -> None:
        """Take in an object whose status this release has written, as stored."""
        self._seen[obj["metadata"]["uid"]] = _version(obj)

    def note_writer(self, resource: ApiResource, obj: Object) -> None:
        """Look at who wrote the status of an object, as it was read.

        A status is input: what is no name of a release is taken for none, and is written over.
        """
        metadata, status = obj["metadata"], obj.get("status")
        writer = status.get("writer") if isinstance(status, Mapping) else None
        known, version = self._seen.get(metadata["uid"]), _version(obj)
        if known is None or version <= known or writer == self.name:
            return
        if not isinstance(writer, str) or not _NAME.fullmatch(writer):
            return
        self._seen[metadata["uid"]] = version
        yields = _rank(writer) < _rank(self.name)
        if yields:
            self._until[metadata["namespace"]] = self._clock() + QUIET
        self._tell(ObjectRef.of(resource, obj), writer, yields=yields)

    def yields(self, namespace: str) -> bool:
        """Whether another release writes the statuses of this namespace."""
        return self._clock() < self._until.get(namespace, 0.0)

    def leading(self, namespace: str, leading: Leading) -> Leading:
        """Return a `leading` that is 0 as well while another release writes in the namespace."""
        return lambda: 0.0 if self.yields(namespace) else leading()

    def keep(self, listed: Iterable[Object]) -> None:
        """Forget all objects but these: the others are gone."""
        known = {each["metadata"]["uid"] for each in listed}
        self._seen = {uid: version for uid, version in self._seen.items() if uid in known}

    def news(self) -> list[Meeting]:
        """Return what is to be told, once."""
        news, self._news = self._news, []
        return news

    def _tell(self, ref: ObjectRef, other: str, *, yields: bool) -> None:
        key, now = (ref.namespace or "", other), self._clock()
        last = self._told.get(key)
        if last is not None and now - last < _TELL_AGAIN_AFTER:
            return
        self._told[key] = now
        writes = other if yields else self.name
        note = (
            f"Two releases of the operator watch namespace {key[0]}: {self.name} and {other}, as their Leases"
            f" are named. {writes} writes the status of its objects. Let one of them watch other namespaces."
        )
        self._news.append(Meeting(ref, note))


def release_name(lease_namespace: str, scope: str) -> str:
    """Return the name of a release: that of its Lease for what belongs to no hub, with its namespace.

    `scope`: the end of the names of its Leases, empty where it watches all namespaces.
    """
    return f"{lease_namespace}/{GENERAL_LEASE}{scope}"


def _rank(name: str) -> tuple[bool, str]:
    """Return what orders releases: the lesser one writes. Who watches all namespaces comes last."""
    return name.endswith(f"/{GENERAL_LEASE}"), name


def _version(obj: Object) -> int:
    version = str(obj["metadata"].get("resourceVersion", ""))
    return int(version) if version.isdecimal() else 0
