"""An API server in memory: versions, JSON patches that test what they change, deletion that waits."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from posture.kube.errors import Call, Gone, KubeError, Moved, RequestRefused
from posture.kube.resources import SUPPRESSION_POLICIES, ApiResource, Object, ObjectRef

CALL = Call("patch", SUPPRESSION_POLICIES, "security", "x")


class ApiServer:
    """Objects by uid. `refusals`: what the next patches of an object of that name are answered."""

    def __init__(self, *objects: Object) -> None:
        self.objects: dict[str, Object] = {}
        self.events: list[tuple[str, str, str]] = []
        self.refusals: dict[str, KubeError] = {}
        self.writes = 0
        self._version = 100
        for each in objects:
            self.put(each)

    def put(self, obj: Object) -> None:
        """Store an object as a new version."""
        self._version += 1
        stored = copy.deepcopy(obj)
        stored["metadata"]["resourceVersion"] = str(self._version)
        self.objects[stored["metadata"]["uid"]] = stored

    def listed(self, name: str) -> Object:
        """Return an object as a list shows it now."""
        return next(copy.deepcopy(each) for each in self.objects.values() if each["metadata"]["name"] == name)

    def finalizers(self, name: str) -> list[str]:
        """Return the finalizers of an object."""
        found: list[str] = self.listed(name)["metadata"].get("finalizers", [])
        return found

    async def list_objects(
        self, resource: ApiResource, _namespaces: Sequence[str] | None = None, *, label_selector: str = ""
    ) -> list[Object]:
        """List the objects that say of what kind they are."""
        key, _, value = label_selector.partition("=")
        return [
            copy.deepcopy(each)
            for each in self.objects.values()
            if each.get("kind") == resource.kind
            and (not key or each["metadata"].get("labels", {}).get(key) == value)
        ]

    async def reread(self, ref: ObjectRef, **_within: object) -> Object:
        return copy.deepcopy(self._found(ref))

    async def patch_metadata(
        self, ref: ObjectRef, operations: Sequence[Mapping[str, Any]], **_within: object
    ) -> Object:
        obj = self._found(ref)
        for each in operations:
            *way, key = [part.replace("~1", "/") for part in str(each["path"]).split("/")[1:]]
            into = obj
            for part in way:
                into = into[part]
            if each["op"] == "test":
                if into.get(key) != each["value"]:
                    raise RequestRefused(CALL, "the test failed", status=422)
            elif each["op"] == "remove":
                del into[key]
            else:
                into[key] = copy.deepcopy(each["value"])
        return self._stored(obj)

    async def patch_status(
        self, ref: ObjectRef, status: Mapping[str, Any], *, version: str | None = None, **_within: object
    ) -> Object:
        obj = self._found(ref)
        if version not in {None, obj["metadata"]["resourceVersion"]}:
            raise Moved(CALL, "another version", obj)
        obj["status"] = copy.deepcopy(dict(status))
        return self._stored(obj)

    async def post(self, ref: ObjectRef, _kind: str, *, reason: str, action: str, note: str) -> None:
        assert action
        self.events.append((ref.name, reason, note))

    def _found(self, ref: ObjectRef) -> Object:
        if ref.name in self.refusals:
            raise self.refusals.pop(ref.name)
        if ref.uid not in self.objects:
            raise Gone(CALL, f"{ref} is not there", status=404)
        return copy.deepcopy(self.objects[ref.uid])

    def _stored(self, obj: Object) -> Object:
        self.writes += 1
        self.put(obj)
        metadata = obj["metadata"]
        stored = self.objects[metadata["uid"]]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            del self.objects[metadata["uid"]]
        return copy.deepcopy(stored)
