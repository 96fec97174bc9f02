"""The newest version of an object that is known here: as it was listed, or as a write of ours returned it.

A list that was asked for before a write, and is looked at after it, shows the object without it: what was
decided then would be decided, written and told again, or worse, be decided by what is no longer so.
Resource versions of one kind can be ordered as numbers (Kubernetes API concepts, "Resource versions").
"""

from collections.abc import Iterable

from posture.kube.resources import Object


class ObjectCache:
    """The objects that writes returned, until a list shows them as new or newer."""

    def __init__(self) -> None:
        self._stored: dict[str, Object] = {}

    def store(self, obj: Object) -> None:
        """Take in an object as the API server stored it."""
        uid = obj["metadata"]["uid"]
        kept = self._stored.get(uid)
        if kept is None or _version(kept) <= _version(obj):
            self._stored[uid] = obj

    def newest(self, listed: Object) -> Object:
        """Return the newest version of an object that was listed."""
        kept = self._stored.get(listed["metadata"]["uid"])
        return listed if kept is None or _version(kept) <= _version(listed) else kept

    def current(self, listed: Object) -> Object:
        """Return an object as listed, with the newest status that is known and the version that it is of."""
        newest = self.newest(listed)
        version = newest["metadata"].get("resourceVersion")
        return {
            **listed,
            "metadata": {**listed["metadata"], "resourceVersion": version},
            "status": newest.get("status"),
        }

    def keep(self, listed: Iterable[Object]) -> None:
        """Forget all objects but these: the others are gone."""
        known = {each["metadata"]["uid"] for each in listed}
        self._stored = {uid: each for uid, each in self._stored.items() if uid in known}


def _version(obj: Object) -> int:
    """Return the resource version; 0 for one that is no number, so that what is listed counts."""
    version = str(obj["metadata"].get("resourceVersion", ""))
    return int(version) if version.isdecimal() else 0
