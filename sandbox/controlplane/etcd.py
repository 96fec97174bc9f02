"""What etcd stores, past the API server: for times that nobody else can set, such as that of a deletion."""

import base64
import http.client
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Stored(NamedTuple):
    """An object as it is stored. `revision`: of the store, when it was last changed."""

    document: dict[str, Any]
    revision: str


@dataclass(frozen=True)
class EtcdClient:
    """Speaks JSON to etcd's gateway on a socket. Objects of custom resources are stored as JSON."""

    socket: Path
    timeout_seconds: float = 10.0

    def read(self, key: str) -> Stored | None:
        """Return what is stored under a key (`/registry/<group>/<plural>/<namespace>/<name>`), if anything.

        Raises OSError or http.client.HTTPException where etcd does not answer.
        """
        found = self._call("range", {"key": _encoded(key)}).get("kvs", ())
        if not found:
            return None
        return Stored(json.loads(base64.b64decode(found[0]["value"])), found[0]["mod_revision"])

    def replace(self, key: str, document: dict[str, Any], revision: str) -> bool:
        """Store a document under a key, unless it has changed since that revision; tell whether it was.

        Raises as `read` does.
        """
        wanted = {"key": _encoded(key), "value": _encoded(json.dumps(document))}
        unchanged = {"key": _encoded(key), "target": "MOD", "mod_revision": revision}
        answer = self._call("txn", {"compare": [unchanged], "success": [{"request_put": wanted}]})
        return bool(answer.get("succeeded", False))

    def _call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        connection = _SocketConnection(self.socket, self.timeout_seconds)
        try:
            connection.request("POST", f"/v3/kv/{operation}", json.dumps(body))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise http.client.HTTPException(f"etcd: {operation}: {response.status} {text.decode()}")
        answer: dict[str, Any] = json.loads(text)
        return answer


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_seconds: float) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
