"""The API server as the tests of the kinds speak to it."""

import http.client
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from posture.api.resource import API_VERSION, CustomResource
from posture.api.targets.kind import PostureTarget
from sandbox.controlplane import ControlPlane
from tests.support.api.objects import (
    Object,
    whole,
)
from tests.support.api.statuses import STATUSES

ROOT = Path(__file__).parents[3]
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Server:
    """The API server, as the tests speak to it: in one namespace, in terms of kinds."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane = plane
        self.namespace = namespace

    def path(self, kind: type[CustomResource], name: str = "", query: str = "") -> str:
        path = f"/apis/{API_VERSION}/namespaces/{self.namespace}/{kind.plural}"
        return path + (f"/{name}" if name else "") + (f"?{query}" if query else "")

    def create(
        self, kind: type[CustomResource], spec: Object, *, name: str = "example", query: str = ""
    ) -> Any:
        document = whole(kind, spec, name, self.namespace)
        status, answer = self.plane.request("POST", self.path(kind, query=query), document)
        assert status == http.client.CREATED, answer
        return answer

    def refusal(self, kind: type[CustomResource], document: object, *, query: str = "dryRun=All") -> str:
        status, answer = self.plane.request("POST", self.path(kind, query=query), document)
        assert status in {http.client.UNPROCESSABLE_ENTITY, http.client.BAD_REQUEST}, answer
        return str(answer["message"])

    def patch(
        self, kind: type[CustomResource], name: str, body: object, content_type: str = MERGE
    ) -> tuple[int, Any]:
        return self.plane.request("PATCH", self.path(kind, name), body, content_type=content_type)

    def table(self, *arguments: str) -> list[list[str]]:
        """Give the rows that `kubectl get` prints, cut at the columns of its heading."""
        printed = self.plane.kubectl("get", "-n", self.namespace, *arguments).stdout.rstrip("\n").split("\n")
        starts = [
            i for i, letter in enumerate(printed[0]) if letter != " " and (i == 0 or printed[0][i - 1] == " ")
        ]
        ends = [*starts[1:], None]
        return [[row[i:j].strip() for i, j in zip(starts, ends, strict=True)] for row in printed]


def write_status(server: Server, kind: type[CustomResource], name: str) -> None:
    body = {"status": STATUSES[kind].to_api()}
    if kind is PostureTarget:
        body["status"]["sync"]["lastSuccessTime"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = server.path(kind, f"{name}/status")
    status, answer = server.plane.request("PATCH", path, body, content_type=MERGE)
    assert status == http.client.OK, answer
