"""`posture run` as a process, seen from outside: its metrics page, its probes, its log, its end."""

import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from prometheus_client.parser import text_string_to_metric_families

from sandbox.controlplane.process import Server
from sandbox.waiting import wait_until

_ADDRESS = re.compile(r"served on http://([0-9.:]+)")
_START_SECONDS = 30.0
_LINES_SHOWN = 40


class OperatorError(RuntimeError):
    """The operator did not do what was waited for; the message ends with the last lines of its log."""


class Series(NamedTuple):
    """One series of a metrics page."""

    name: str
    labels: Mapping[str, str]
    value: float


class OperatorProcess:
    """One replica. Blocking; dies with the process that owns it.

    `arguments`: of `posture run`, beside those that are given here.
    """

    def __init__(
        self,
        *,
        kubeconfig: Path,
        config: Path,
        data_dir: Path,
        environment: Mapping[str, str],
        identity: str = "replica-0",
        arguments: Sequence[str] = (),
        log: Path | None = None,
    ) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self._server = Server("posture", log or data_dir.with_name(f"{data_dir.name}.log"))
        self._command = [
            sys.executable, "-m", "posture.cli", "run",
            "--config", str(config), "--data-dir", str(data_dir), "--identity", identity,
            "--metrics-bind-address", "127.0.0.1:0", *arguments,
        ]  # fmt: skip
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POSTURE_"))
        }
        self._environment = {**kept, **environment, "KUBECONFIG": str(kubeconfig)}
        self.address = ""

    def start(self) -> Self:
        """Start it, and wait until its metrics are served. Raises OperatorError."""
        self._server.start(self._command, self._environment)
        self.address = ""
        self.wait(lambda: bool(self._find_address()), "its metrics address", seconds=_START_SECONDS)
        return self

    def __enter__(self) -> Self:
        """Start it unless it runs."""
        return self if self._server.running else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._server.running

    def stop(self, grace_seconds: float = 12.0) -> float:
        """Ask it to end, kill it after the grace period; return how many seconds that took."""
        began = time.monotonic()
        self._server.stop(grace_seconds)
        return time.monotonic() - began

    def kill(self) -> None:
        """End it at once, whatever it is doing (SIGKILL)."""
        self._server.stop(0)

    def pause(self) -> None:
        """Freeze it (SIGSTOP)."""
        self._server.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._server.resume()

    def log(self) -> str:
        """Return what it has printed since its last start."""
        return self._server.output()

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of one of its pages; status 0 where it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def series(self, name: str, **labels: str) -> list[Series]:
        """Return the series of this name with at least these labels; none where nothing is served."""
        status, text = self.get("/metrics")
        if status != 200:
            return []
        return [
            Series(sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of the one such series, or None. Raises OperatorError if there are several."""
        found = self.series(name, **labels)
        if len(found) > 1:
            raise OperatorError(f"{len(found)} series {name}{labels}")
        return found[0].value if found else None

    def wait(self, condition: Callable[[], object], what: str, *, seconds: float = 30.0) -> None:
        """Wait until the condition holds. Raises OperatorError when it does not in time, or at its end."""

        def meanwhile() -> None:
            if not self._server.running:
                raise self.failure(
                    f"the operator ended with {self._server.exit_code} while waiting for {what}"
                )

        try:
            wait_until(condition, what, seconds=seconds, meanwhile=meanwhile)
        except TimeoutError as error:
            raise self.failure(f"{error}") from error

    def failure(self, message: str) -> OperatorError:
        """Return an error that shows the end of the log."""
        lines = self.log().splitlines()[-_LINES_SHOWN:]
        return OperatorError("\n".join([message, "the log ends with:", *lines]))

    def _find_address(self) -> str:
        if found := _ADDRESS.search(self.log()):
            self.address = found[1]
        return self.address
