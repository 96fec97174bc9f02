"""The few calls that the sandbox itself makes to the API server, without a client library."""

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


@dataclass(frozen=True)
class ApiClient:
    """Speaks JSON to the API server on ``port``, trusts ``ca_file`` alone, uses no proxy."""

    port: int
    ca_file: Path
    token: str
    timeout_seconds: float

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        impersonate: str = "",
    ) -> tuple[int, Any]:
        """Return the HTTP status and the decoded body (text where it is not JSON).

        ``impersonate``: act as the user of that name, where the token's owner may.
        Raises OSError or http.client.HTTPException while the server is away.
        """
        trust = ssl.create_default_context(cafile=str(self.ca_file))
        connection = http.client.HTTPSConnection(HOST, self.port, context=trust, timeout=self.timeout_seconds)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        headers |= {"Impersonate-User": impersonate} if impersonate else {}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, json.loads(text) if is_json else text
