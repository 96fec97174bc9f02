"""A throwaway AWS on loopback: the emulator of Security Hub and Config, and moto server for all else.

Both are processes of their own that end when this one does, however it ends: each waits for the end of its
standard input, which only this process holds open.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from sandbox.call_gate import CALLS
from sandbox.config.client import ConfigClient
from sandbox.securityhub.catalogue import partition_of
from sandbox.securityhub.client import ControlClient
from sandbox.services.call import CONTROL
from sandbox.sts_gate import RULES

DEFAULT_ACCOUNT = "123456789012"
MANAGEMENT = "999999999999"
"""The management account of the organization that members join."""
DEFAULT_REGION = "eu-west-1"
S3_CONTROL_URL = "http://s3-control.sandbox"
"""Where clients send requests of S3 Control, by way of a proxy: moto."""
_REPOSITORY = Path(__file__).resolve().parent.parent
_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 10.0


class OrganizationSource(Protocol):
    """What can fill a cloud: an organization generator."""

    def seed(self) -> dict[str, Any]:
        """Return the seed document (`sandbox/securityhub/seed.py`)."""
        ...

    def findings(self) -> Iterable[Mapping[str, Any] | bytes]:
        """Yield findings, decoded or as JSON."""
        ...


class CloudError(Exception):
    """A part of the cloud did not start, or refuses what it is told; the message ends with what it wrote."""


class Cloud:
    """The two processes: `with Cloud.start(organization=…) as cloud: …`.

    `securityhub_url` and `moto_url` say where they listen; `control` tells the emulator what to do.
    """

    def __init__(self, *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> None:
        self.account = account
        self.region = region
        self.moto_url = ""
        self.securityhub_url = ""
        self._resources = contextlib.ExitStack()
        self._credentials: dict[str, dict[str, str]] = {}

    @classmethod
    def start(
        cls,
        *,
        seed_file: Path | None = None,
        organization: OrganizationSource | None = None,
        account: str | None = None,
        region: str = DEFAULT_REGION,
        quotas: float | None = None,
    ) -> Self:
        """Start both and fill the hub.

        `seed_file`: a seed document. `organization`: seed and findings. `account`: whose credentials `env`
        has (default: the administrator, else moto's default). `quotas`: apply AWS's, times this. Raises
        CloudError.
        """
        document = json.loads(seed_file.read_text(encoding="utf-8")) if seed_file else None
        if organization is not None:
            document = organization.seed()
        administrator = (document or {}).get("administrator")
        cloud = cls(account=account or administrator or DEFAULT_ACCOUNT, region=region)
        try:
            cloud._start(quotas)
            if document is not None:
                cloud.control.seed(document)
                cloud.join_organization(document.get("accounts", ()), document.get("administrator"))
            if organization is not None:
                cloud.control.load(organization.findings())
        except BaseException:
            cloud.stop()
            raise
        return cloud

    def _start(self, quotas: float | None) -> None:
        directory = Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="cloud-")))
        self.moto_url = self._run([sys.executable, "-m", "sandbox.moto"], directory / "moto.log")
        command = [sys.executable, "-m", "sandbox.securityhub.command", "--until-stdin-closes"]
        command += ["--sts-url", self.moto_url, "--directory", str(directory)]
        command += ["--quotas", str(quotas)] if quotas is not None else []
        self.securityhub_url = self._run(command, directory / "securityhub.log")

    def _run(self, command: list[str], log: Path) -> str:
        """Start one part and return its address once it listens."""
        errors = self._resources.enter_context(log.open("wb"))
        process = subprocess.Popen(
            command,
            cwd=_REPOSITORY,
            env=_without_aws(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        self._resources.callback(_stop, process)
        line = _first_line(process)
        if not line:
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise CloudError(f"{' '.join(command[1:3])} did not start:\n{said}")
        return str(json.loads(line)["url"])

    def stop(self) -> None:
        """End both processes and remove their files."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def control(self) -> ControlClient:
        """The client of the emulator's control endpoint."""
        return ControlClient(self.securityhub_url)

    def refuse_roles(self, *arns: str) -> None:
        """Have STS refuse the roles of these ARNs (globs) from now on, and nothing else."""
        self.refuse_sts(*({"code": "AccessDenied", "role": arn} for arn in arns))

    def refuse_sts(self, *rules: Mapping[str, Any]) -> None:
        """Have STS refuse what these rules say (`sts_gate.Rule`) from now on, and nothing else.

        Raises CloudError for a rule that is none.
        """
        self._put(RULES, rules)

    def script(self, service: str, *scripts: Mapping[str, Any]) -> None:
        """Have a service that `sandbox.services` emulates behave as these scripts of it say from now on.

        Raises CloudError for a script that is none.
        """
        self._put(f"{CONTROL}{service}", scripts)

    def join_organization(
        self, accounts: Iterable[Mapping[str, Any]], administrator: str | None = None
    ) -> None:
        """Have Organizations know these accounts (`id`, `name`, `email`, `tags`, `state`, `path`) as members.

        They are one organization with a management account of its own; `administrator`: may read it too.
        """
        members = [
            {key: each[key] for key in ("id", "name", "email", "tags", "state", "path") if key in each}
            for each in accounts
        ]
        delegated = [] if administrator is None else [administrator]
        if members:
            self.script(
                "organizations", {"management": MANAGEMENT, "accounts": members, "delegated": delegated}
            )

    def meddle(self, name: str, **rule: Any) -> None:  # noqa: ANN401 - as JSON
        """Have calls of moto's services fare as this rule (`call_gate.Rule`) says until it is lifted.

        Raises CloudError for a rule that is none.
        """
        self._put(f"{CALLS}/{name}", rule)

    def lift(self, name: str) -> None:
        """Lift a rule, and let go what it holds."""
        self._send("DELETE", f"{CALLS}/{name}")

    def met(self, name: str) -> int:
        """Return how many calls a rule has met."""
        return int(self._calls()["rules"][name]["met"])

    def holding(self, name: str) -> list[dict[str, Any]]:
        """Return the parameters of the calls that a rule keeps back."""
        return list(self._calls()["rules"][name]["holding"])

    def writes(self) -> list[dict[str, Any]]:
        """Return all calls of others than people that were none of reading (`call_gate.Write`)."""
        return list(self._calls()["writes"])

    def _calls(self) -> dict[str, Any]:
        return dict(json.loads(self._send("GET", CALLS)))

    def _put(self, path: str, content: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> None:
        self._send("PUT", path, json.dumps(content).encode())

    def _send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = Request(f"{self.moto_url}{path}", body, method=method)  # noqa: S310 - it is our moto
        try:
            with urlopen(request, timeout=30) as said:  # noqa: S310 - as above
                return bytes(said.read())
        except HTTPError as error:
            raise CloudError(error.read().decode()) from error

    @property
    def config(self) -> ConfigClient:
        """What tells the emulated Config what to do."""
        return ConfigClient(self.control)

    @property
    def env(self) -> dict[str, str]:
        """The environment for AWS clients: endpoints, Region, and credentials of the cloud's account."""
        return self.env_for(self.account, self.region)

    def env_for(self, account: str, region: str | None = None) -> dict[str, str]:
        """Return the environment for AWS clients of any account, with credentials that both parts know."""
        return {
            "AWS_ENDPOINT_URL": self.moto_url,
            "AWS_ENDPOINT_URL_SECURITYHUB": self.securityhub_url,
            "AWS_ENDPOINT_URL_CONFIG_SERVICE": self.securityhub_url,
            # Host names with a prefix do not resolve on loopback.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            # Nor does that of S3 Control, with the account before any host: moto is the proxy to it.
            "AWS_ENDPOINT_URL_S3_CONTROL": S3_CONTROL_URL,
            "HTTP_PROXY": self.moto_url,
            "NO_PROXY": "127.0.0.1,localhost",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": region or self.region,
            "AWS_DEFAULT_REGION": region or self.region,
            **self._credentials_of(account, region or self.region),
        }

    def _credentials_of(self, account: str, region: str) -> dict[str, str]:
        role = f"arn:{partition_of(region)}:iam::{account}:role/sandbox"
        if role not in self._credentials:
            self._credentials[role] = self._assume_role(role, region)
        return self._credentials[role]

    def _assume_role(self, role_arn: str, region: str) -> dict[str, str]:
        parameters = {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": role_arn,
            "RoleSessionName": "sandbox",
            "DurationSeconds": "43200",
        }
        scope = f"Credential=sandbox/20260101/{region}/sts/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"}
        request = Request(self.moto_url, urlencode(parameters).encode(), headers)  # noqa: S310 - it is our moto
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            document = ET.fromstring(answer.read())  # noqa: S314 - as above
        return {
            variable: document.findtext(f".//{{*}}{name}", "")
            for variable, name in (
                ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
                ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
                ("AWS_SESSION_TOKEN", "SessionToken"),
            )
        }


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what would change moto's accounts or reach a real AWS.

    Nobody looks at Amazon's own images, of which moto else makes hundreds in every account and Region.
    """
    kept = {key: value for key, value in environment.items() if not key.startswith(("AWS_", "MOTO_"))}
    return {**kept, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """Return the first line a process writes, empty when it ends or takes too long."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    timer = threading.Timer(_START_TIMEOUT, process.kill)
    timer.start()
    try:
        return process.stdout.readline()
    finally:
        timer.cancel()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Let a process end by closing its standard input; kill it where that does not help."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
