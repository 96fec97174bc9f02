"""The control plane as one object: starts, is asked, loses its API server for a while, ends."""

import atexit
import fcntl
import http.client
import random
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from sandbox import tools
from sandbox.controlplane import kubeconfig
from sandbox.controlplane.api import HOST, ApiClient
from sandbox.controlplane.etcd import EtcdClient
from sandbox.controlplane.process import Server
from sandbox.controlplane.run_folder import RunFolder
from sandbox.waiting import wait_until

_START_SECONDS = 90.0
_PROBE_SECONDS = 2.0
_CALL_SECONDS = 10.0
_GRACE_SECONDS = 2.0
_KUBECTL_SECONDS = 60.0
_TOKEN_SECONDS = 86400
_PORT_TRIES = 5
# Below Linux's ephemeral ports: no connection of anybody takes the port while the API server is away.
_PORTS = range(20000, 32000)
_LINES_SHOWN_ON_FAILURE = 20
# etcd listens on sockets only; it still wants an address to advertise, which nobody ever calls.
_ETCD_ADVERTISED = "http://127.0.0.1:2380"


class ControlPlaneError(RuntimeError):
    """The control plane did not do what was asked; the message holds the last lines of the log."""


class KubectlError(ControlPlaneError):
    """kubectl failed; the message holds the command and what kubectl said."""


class ControlPlane:
    """A running kube-apiserver and etcd.

    Every method blocks and may be called from any thread: from asyncio, use ``asyncio.to_thread``. The
    servers die with this process, however it ends. ``kubeconfig`` and ``admin_token`` are a cluster admin's.
    """

    def __init__(self, data_dir: Path | None) -> None:
        """Prepare; use ``ControlPlane.start``."""
        self._binaries = {name: tools.find(name) for name in ("etcd", "kube-apiserver", "kubectl")}
        # Sockets have short paths (unix(7): 108 bytes), so they never live in a caller's folder.
        self._run_folder = RunFolder.create()
        self._run_dir = self._run_folder.path
        self._data_dir = data_dir or self._run_dir
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._data_lock: IO[str] | None = None
        self._state = threading.RLock()
        self._etcd = Server("etcd", self._data_dir / "etcd.log")
        self._apiserver = Server("kube-apiserver", self._data_dir / "kube-apiserver.log")
        self._port = 0
        self.admin_token = secrets.token_urlsafe(32)
        self.ca_file = self._run_dir / "ca.crt"
        self.kubeconfig = self._run_dir / "admin.kubeconfig"

    @classmethod
    def start(cls, data_dir: Path | None = None, *, deadline_seconds: float = _START_SECONDS) -> Self:
        """Start both servers and return when the API server is ready.

        ``data_dir`` keeps what is stored (and the logs) for a later start; without it everything is gone at
        the end. Raises tools.ToolError if a program is missing, ControlPlaneError if a server does not start.
        """
        plane = cls(data_dir)
        atexit.register(plane.stop)
        try:
            plane._start(deadline_seconds)
        except BaseException:
            plane.stop()
            raise
        return plane

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End both servers and remove what is temporary. Harmless when done twice."""
        with self._state:
            self._apiserver.stop(0)
            self._etcd.stop(0 if self._is_temporary else _GRACE_SECONDS)
            if self._data_lock is not None:
                self._data_lock.close()
                self._data_lock = None
            self._run_folder.remove()
        atexit.unregister(self.stop)

    @property
    def url(self) -> str:
        """The API server's address; the same for as long as this object lives."""
        return f"https://{HOST}:{self._port}"

    @property
    def running(self) -> bool:
        """Whether both servers run."""
        return self._etcd.running and self._apiserver.running

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the servers that run."""
        return tuple(pid for pid in (self._etcd.pid, self._apiserver.pid) if pid is not None)

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002 - as subprocess.run names it
        check: bool = True,
        kubeconfig: Path | None = None,
        timeout_seconds: float = _KUBECTL_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, as cluster admin or with the ``kubeconfig`` given, and return what it printed.

        Raises KubectlError when it fails (not with ``check=False``) or takes longer than ``timeout_seconds``.
        """
        command = [
            str(self._binaries["kubectl"]),
            f"--kubeconfig={kubeconfig or self.kubeconfig}",
            f"--cache-dir={self._run_dir / 'kubectl-cache'}",
            *arguments,
        ]
        try:
            done = subprocess.run(
                command, input=input, capture_output=True, text=True, check=False, timeout=timeout_seconds
            )
        except subprocess.TimeoutExpired as error:
            raise KubectlError(
                f"kubectl {' '.join(arguments)}: no end in {timeout_seconds:.0f} s."
            ) from error
        if check and done.returncode != 0:
            raise KubectlError(
                f"kubectl {' '.join(arguments)}: exit {done.returncode}\n{done.stderr.strip()}"
            )
        return done

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        impersonate: str = "",
    ) -> tuple[int, Any]:
        """Make one API call as cluster admin, or as whom that one impersonates (see ApiClient.request).

        Returns HTTP status and decoded body.
        """
        return self._api().request(method, path, body, content_type=content_type, impersonate=impersonate)

    @property
    def etcd(self) -> EtcdClient:
        """A client of what is stored, past the API server and all that it checks."""
        return EtcdClient(self._run_dir / "client.sock")

    def kubeconfig_for(self, service_account: str, namespace: str) -> Path:
        """Return a kubeconfig with which a process acts as exactly that ServiceAccount, which must exist.

        The token comes from the TokenRequest API and is good for a day. Raises ControlPlaneError if refused.
        """
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        wanted = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS},
        }
        status, answer = self._api().request("POST", path, wanted)
        if status != http.client.CREATED:
            raise ControlPlaneError(
                f"No token for ServiceAccount {namespace}/{service_account} (is it there?): {status} {answer}"
            )
        file = self._run_dir / f"{namespace}.{service_account}.kubeconfig"
        token = answer["status"]["token"]
        return kubeconfig.write(file, self.url, self.ca_file, token, service_account, namespace)

    def stop_apiserver(self, grace_seconds: float = _GRACE_SECONDS) -> None:
        """Take the API server away: connections to its port are refused.

        While clients watch, it does not end when asked, and is killed after ``grace_seconds``.
        """
        with self._state:
            self._apiserver.stop(grace_seconds)

    def start_apiserver(self, *, deadline_seconds: float = _START_SECONDS) -> None:
        """Bring the API server back on the same port with the same data; return when it is ready."""
        with self._state:
            self._apiserver.start(self._apiserver_command())
            self._wait_until_ready(time.monotonic() + deadline_seconds)

    @contextmanager
    def paused_apiserver(self) -> Iterator[None]:
        """Freeze the API server meanwhile: connections stay, and new ones are taken, but nothing answers."""
        self._apiserver.pause()
        try:
            yield
        finally:
            self._apiserver.resume()

    def logs(self) -> str:
        """Return what both servers have printed since they were last started."""
        return "\n".join(f"==> {server.name}\n{server.output()}" for server in (self._etcd, self._apiserver))

    def _api(self, timeout_seconds: float = _CALL_SECONDS) -> ApiClient:
        return ApiClient(self._port, self.ca_file, self.admin_token, timeout_seconds)

    @property
    def _is_temporary(self) -> bool:
        return self._data_dir == self._run_dir

    def _start(self, deadline_seconds: float) -> None:
        deadline = time.monotonic() + deadline_seconds
        with self._state:
            self._lock_data()
            token_file = self._run_dir / "tokens.csv"
            token_file.touch(mode=0o600)
            token_file.write_text(f"{self.admin_token},admin,admin,system:masters\n", encoding="utf-8")
            self._etcd.start(self._etcd_command())
            self._start_on_a_free_port(deadline)

    def _lock_data(self) -> None:
        self._data_lock = (self._data_dir / ".lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(self._data_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ControlPlaneError(
                f"{self._data_dir} is in use by another control plane; stop that, or choose another folder."
            ) from None

    def _start_on_a_free_port(self, deadline: float) -> None:
        for tries_left in reversed(range(_PORT_TRIES)):
            self._port = _free_port()
            self._apiserver.start(self._apiserver_command())
            try:
                self._wait_until_ready(deadline)
            except ControlPlaneError:
                if tries_left == 0 or "address already in use" not in self._apiserver.output():
                    raise
            else:
                kubeconfig.write(self.kubeconfig, self.url, self.ca_file, self.admin_token, "admin")
                return

    def _etcd_command(self) -> list[str | Path]:
        return [
            self._binaries["etcd"],
            f"--data-dir={self._data_dir / 'etcd'}",
            f"--listen-client-urls=unix://{self._run_dir / 'client.sock'}",
            f"--advertise-client-urls={_ETCD_ADVERTISED}",
            f"--listen-peer-urls=unix://{self._run_dir / 'peer.sock'}",
            f"--initial-advertise-peer-urls={_ETCD_ADVERTISED}",
            f"--initial-cluster=default={_ETCD_ADVERTISED}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def _apiserver_command(self) -> list[str | Path]:
        certs = self._data_dir / "certs"
        # Made by kube-apiserver before it needs it: the key of its certificate signs the tokens too.
        key = certs / "apiserver.key"
        return [
            self._binaries["kube-apiserver"],
            f"--etcd-servers=unix://{self._run_dir / 'client.sock'}",
            f"--bind-address={HOST}",
            f"--secure-port={self._port}",
            f"--advertise-address={HOST}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--cert-dir={certs}",
            f"--token-auth-file={self._run_dir / 'tokens.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--authorization-mode=RBAC",
            # It wants every pod's ServiceAccount to exist, and nothing here makes the default ones.
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
        ]

    def _wait_until_ready(self, deadline: float) -> None:
        try:
            wait_until(
                self._is_ready,
                "the API server to become ready",
                seconds=deadline - time.monotonic(),
                meanwhile=self._fail_if_a_server_ended,
            )
        except TimeoutError as error:
            raise self._failure("The API server did not become ready in time", self._apiserver) from error

    def _fail_if_a_server_ended(self) -> None:
        for server in (self._etcd, self._apiserver):
            if not server.running:
                raise self._failure(f"{server.name} ended while it was starting", server)

    def _is_ready(self) -> bool:
        try:
            self._trust_the_servers_authority()
            return all(
                self._api(_PROBE_SECONDS).request("GET", path)[0] == http.client.OK
                for path in ("/readyz", "/api/v1/namespaces/default")
            )
        except (OSError, http.client.HTTPException):
            return False

    def _trust_the_servers_authority(self) -> None:
        """Put the self-signed authority, the last of the serving certificate's chain, into ``ca_file``."""
        chain = (self._data_dir / "certs" / "apiserver.crt").read_text(encoding="ascii")
        start = chain.rfind("-----BEGIN CERTIFICATE-----")
        self.ca_file.write_text(chain[max(start, 0) :], encoding="ascii")

    def _failure(self, what: str, server: Server) -> ControlPlaneError:
        lines = server.output().splitlines()[-_LINES_SHOWN_ON_FAILURE:]
        return ControlPlaneError("\n".join([f"{what}. The end of {server.log.name}:", *lines]))


def _free_port() -> int:
    """Return a port that nobody listens on now; another process may still be faster."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
