"""An API server whose every call is a moment before it is done, and one after."""

import copy
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from posture.domain.time import SECOND, text_of
from posture.kube.errors import Conflict, Gone, Moved
from posture.kube.resources import ApiResource, Object, ObjectRef, name_of
from tests.support.api_server import ApiServer
from tests.support.remediated.moments import CALL

if TYPE_CHECKING:
    from tests.support.remediated.world import World


class Server(ApiServer):
    """An API server whose every call is a moment before it is done, and one after."""

    def __init__(self, world: "World", *objects: Object) -> None:
        super().__init__(*objects)
        self._world = world
        self._uids = itertools.count(1)

    def of(self, kind: str) -> list[Object]:
        """Return all objects of a kind."""
        return [copy.deepcopy(each) for each in self.objects.values() if each["kind"] == kind]

    async def list_objects(
        self, resource: ApiResource, _namespaces: Sequence[str] | None = None, *, label_selector: str = ""
    ) -> list[Object]:
        await self._world.moment("api")
        found = await super().list_objects(resource, label_selector=label_selector)
        await self._world.moment("api")
        return found

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Object:
        await self._world.moment("api")
        for each in self.of(resource.kind):
            if name_of(each) == f"{namespace}/{name}":
                return each
        raise Gone(CALL, f"{name} is not there", status=404)

    async def create(self, resource: ApiResource, namespace: str, body: Mapping[str, Any]) -> Object:
        await self._world.moment("api")
        made = copy.deepcopy(dict(body))
        name = made["metadata"]["name"]
        if any(name_of(each) == f"{namespace}/{name}" for each in self.of(resource.kind)):
            raise Conflict(CALL, "exists", status=409)
        made["kind"] = resource.kind
        made["metadata"] |= {
            "uid": f"e-{next(self._uids)}",
            "generation": 1,
            "creationTimestamp": text_of(self._world.now() // SECOND * SECOND),
        }
        stored = self._stored(made)
        await self._world.moment("api")
        return stored

    async def delete(self, ref: ObjectRef, *, version: str | None = None) -> None:
        await self._world.moment("api")
        found = self._found(ref)
        if version not in {None, found["metadata"]["resourceVersion"]}:
            raise Moved(CALL, "another version", found)
        del self.objects[ref.uid]
        await self._world.moment("api")

    async def patch_status(
        self, ref: ObjectRef, status: Mapping[str, Any], *, version: str | None = None, **within: object
    ) -> Object:
        await self._world.moment("api")
        made = await super().patch_status(ref, status, version=version, **within)
        if made["kind"] == "Remediation":
            self._world.noted(made["metadata"]["name"])
        await self._world.moment("api")
        return made
