"""One client of the Kubernetes API: every call has a time-out, every list is whole or an error."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from posture.kube.connection import load_connection
from posture.kube.errors import (
    Call,
    Gone,
    KubeError,
    Moved,
    RequestRefused,
    Retryable,
)
from posture.kube.requests import REQUEST_WITHIN, ApiRequests
from posture.kube.resources import ApiResource, Object, ObjectRef
from posture.kube.transport import ApiClient

OBJECTS_A_PAGE = 500
"""Objects asked for at a time: what kubectl asks for."""
_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"


@asynccontextmanager
async def connect(
    *, within: float = REQUEST_WITHIN, context: str | None = None
) -> AsyncIterator["KubeClient"]:
    """Yield a client of the configured API server, without a call yet.

    `within`: seconds for a whole request. `context`: of the kubeconfig; None: its current one. Raises
    NoCluster when no API server is configured.
    """
    configuration, namespace = await load_connection(context)
    async with ApiClient(configuration) as api:
        api.user_agent = f"posture-operator/{version('posture-operator')}"
        yield KubeClient(api, within=within, context=context, namespace=namespace)


class KubeClient(ApiRequests):
    """Calls to the API server. Errors are those of `posture.kube.errors`, nothing else."""

    async def list_objects(
        self, resource: ApiResource, namespaces: Sequence[str] | None = None, *, label_selector: str = ""
    ) -> list[Object]:
        """Return every object of the resource in these namespaces (None: all), read from a quorum.

        Whole or an error: a page that fails, is malformed, or whose `continue` expired raises, and so absence
        from the list means absence from the cluster at the time of the call.
        """
        if namespaces is None:
            return await self._list(resource, None, label_selector)
        found: list[Object] = []
        for namespace in dict.fromkeys(namespaces):
            found += await self._list(resource, namespace, label_selector)
        return found

    async def _list(self, resource: ApiResource, namespace: str | None, label_selector: str) -> list[Object]:
        call = Call("list", resource, namespace)
        found: list[Object] = []
        tokens: set[str] = set()
        query = {"limit": str(OBJECTS_A_PAGE)} | ({"labelSelector": label_selector} if label_selector else {})
        while True:
            page = await self.request(call, "GET", resource.path(namespace), query=query)
            items, metadata = page.get("items"), page.get("metadata")
            if not isinstance(items, list) or not isinstance(metadata, dict):
                raise Retryable(call, f"could not {call}: the answer is no list")
            found += items
            token = metadata.get("continue") or ""
            if not token:
                return found
            if token in tokens:
                raise Retryable(call, f"could not {call}: the API server's pages do not end")
            tokens.add(token)
            query["continue"] = token

    async def get(
        self,
        resource: ApiResource,
        namespace: str | None,
        name: str,
        *,
        within: float | None = None,
    ) -> Object:
        """Return one object; Gone when it is not there."""
        call = Call("get", resource, namespace, name)
        return _stored(call, await self.request(call, "GET", resource.path(namespace, name), within=within))

    async def create(
        self,
        resource: ApiResource,
        namespace: str | None,
        body: Object,
        *,
        within: float | None = None,
    ) -> Object:
        """Create an object and return it as stored; Conflict when its name is taken.

        `apiVersion` and `kind` are filled in.
        """
        body = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        call = Call("create", resource, namespace, body["metadata"].get("name"))
        return _stored(
            call, await self.request(call, "POST", resource.path(namespace), body=body, within=within)
        )

    async def replace(self, resource: ApiResource, body: Object, *, within: float | None = None) -> Object:
        """Store an object over the version in its resourceVersion; Conflict when that is not the last one."""
        namespace, name = body["metadata"].get("namespace"), body["metadata"]["name"]
        if not body["metadata"].get("resourceVersion"):
            raise ValueError("without metadata.resourceVersion a replace would overwrite what others wrote")
        call = Call("update", resource, namespace, name)
        path = resource.path(namespace, name)
        return _stored(call, await self.request(call, "PUT", path, body=body, within=within))

    async def delete(self, ref: ObjectRef, *, version: str | None = None) -> None:
        """Delete that object; Gone when it is not there, or another one has its name.

        `version`: the resourceVersion that it was read at; Moved when it is another one by now.
        """
        call = Call("delete", ref.resource, ref.namespace, ref.name)
        only = {"uid": ref.uid} if version is None else {"uid": ref.uid, "resourceVersion": version}
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": only}
        try:
            await self.request(call, "DELETE", ref.resource.path(ref.namespace, ref.name), body=body)
        except KubeError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            if version is None:
                raise await self._because(ref, error, None, None) from error
            now = await self.reread(ref)
            raise Moved(call, f"{ref} was changed since it was read", now) from error

    async def patch_status(
        self,
        ref: ObjectRef,
        status: Mapping[str, Any],
        *,
        version: str | None = None,
        within: float | None = None,
    ) -> Object:
        """Replace the whole status of that object and return the object as stored.

        Fields that `status` does not name are gone afterwards. `version`: the resourceVersion that the status
        was made of; Moved when the object is another one by now. Gone when it is not there, or another object
        has its name; Refused when the status does not fit the CRD.
        """
        write = {"op": "add", "path": "/status", "value": dict(status)}
        return await self.patch(ref, [write], subresource="status", version=version, within=within)

    async def patch_metadata(
        self, ref: ObjectRef, operations: Sequence[Mapping[str, Any]], *, within: float | None = None
    ) -> Object:
        """Apply JSON patch operations (RFC 6902) below `/metadata` to that object, all or none.

        The caller puts `test` operations before them for what it has read. Refused when such a test fails,
        Gone when the object is not there, or another one has its name.
        """
        if any(not str(operation["path"]).startswith("/metadata/") for operation in operations):
            raise ValueError("patch_metadata only writes below /metadata")
        return await self.patch(ref, operations, within=within)

    async def patch(
        self,
        ref: ObjectRef,
        operations: Sequence[Mapping[str, Any]],
        *,
        subresource: str | None = None,
        version: str | None = None,
        within: float | None = None,
    ) -> Object:
        """Apply JSON patch operations (RFC 6902) to that object and no other of its name, all or none.

        `version`: only to this resourceVersion of it, else Moved.
        """
        ends = time.monotonic() + (within or self._within)
        try:
            return await self._patch(ref, operations, subresource, version, within)
        except RequestRefused as error:
            left = ends - time.monotonic()
            raise await self._because(ref, error, version, left if left > 0 else None) from error

    async def reread(self, ref: ObjectRef, *, within: float | None = None) -> Object:
        """Return that object as it is now; Gone when it is not there, or another one has its name.

        A patch that tests the uid and changes nothing: it needs no right besides `patch`.
        """
        return await self.patch(ref, [], within=within)

    async def _patch(
        self,
        ref: ObjectRef,
        operations: Sequence[Mapping[str, Any]],
        subresource: str | None = None,
        version: str | None = None,
        within: float | None = None,
    ) -> Object:
        call = Call("patch", ref.resource, ref.namespace, ref.name, subresource)
        path = ref.resource.path(ref.namespace, ref.name, subresource)
        tests = [{"op": "test", "path": "/metadata/uid", "value": ref.uid}]
        if version is not None:
            tests.append({"op": "test", "path": "/metadata/resourceVersion", "value": version})
        body = [*tests, *map(dict, operations)]
        answer = await self.request(call, "PATCH", path, body=body, content_type=_JSON_PATCH, within=within)
        return _stored(call, answer)

    async def _because(
        self, ref: ObjectRef, refused: KubeError, version: str | None, within: float | None
    ) -> KubeError:
        """Tell a uid or a version that does not fit from any other refusal: the API server answers all alike.

        What this sends changes nothing.
        """
        try:
            now = await self._patch(ref, [], within=within)
        except RequestRefused:
            return Gone(
                refused.call, f"{ref} was deleted, another object has its name now", reason="Replaced"
            )
        except KubeError as error:
            return error
        if version is not None and now["metadata"]["resourceVersion"] != version:
            return Moved(refused.call, f"{ref} was changed since it was read", now)
        return refused

    async def merge(
        self, resource: ApiResource, namespace: str, name: str, body: Object, *, within: float | None = None
    ) -> Object:
        """Apply a JSON merge patch (RFC 7386) to whatever object has that name."""
        call = Call("patch", resource, namespace, name)
        path = resource.path(namespace, name)
        answer = await self.request(call, "PATCH", path, body=body, content_type=_MERGE_PATCH, within=within)
        return _stored(call, answer)


def _stored(call: Call, answer: Object) -> Object:
    """Return the answer if it is a stored object: a proxy may answer 200 with JSON of its own."""
    metadata = answer.get("metadata")
    if isinstance(metadata, dict) and {"name", "uid", "resourceVersion"} <= metadata.keys():
        return answer
    raise Retryable(call, f"could not {call}: the answer is no stored object", reason="Malformed")
