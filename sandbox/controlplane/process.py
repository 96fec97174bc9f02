"""One server process: its log, its pauses, its end; it never outlives the process that owns it."""

import functools
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

_LAUNCH = Path(__file__).with_name("launch.py")


class Server:
    """A program that runs until it is stopped, appending what it prints to ``log``."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether the program has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code of a program that has ended by itself or on SIGTERM, else None."""
        return None if self._process is None else self._process.poll()

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start ``command``. It gets no input, a session of its own (a terminal's Ctrl-C is the owner's).

        ``environment``: all of its variables; None: those of this process.
        """
        if self.running:
            raise RuntimeError(f"{self.name} runs already.")
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        launch = [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), *map(str, command)]
        self._process = _spawner().start_process(launch, self.log, environment)

    def stop(self, grace_seconds: float) -> None:
        """End the program: asked first, killed after ``grace_seconds``; 0 kills at once."""
        process = self._process
        if process is None:
            return
        if grace_seconds > 0:
            process.terminate()
            process.send_signal(signal.SIGCONT)
            try:
                process.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        else:
            process.kill()
        process.wait()
        self._process = None

    def pause(self) -> None:
        """Freeze the program (SIGSTOP): its connections stay open, and nothing answers."""
        self._running_process().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen program go on."""
        self._running_process().send_signal(signal.SIGCONT)

    def output(self) -> str:
        """Return what the program has printed since it was last started."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._process is None or not self.running:
            raise RuntimeError(f"{self.name} does not run.")
        return self._process


class _Wanted(NamedTuple):
    command: list[str]
    log: Path
    environment: Mapping[str, str] | None
    started: Future[subprocess.Popen[bytes]]


class _Spawner:
    """Starts every process from one thread that lasts as long as this one does.

    The kernel takes "the parent has died" to mean the *thread* that forked (prctl(2), PR_SET_PDEATHSIG): a
    server started from a worker thread would be killed when that thread is done.
    """

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[_Wanted] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="sandbox-spawner", daemon=True).start()

    def start_process(
        self, command: list[str], log: Path, environment: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes]:
        """Start ``command``, its output appended to ``log``. Raises what subprocess raises."""
        started: Future[subprocess.Popen[bytes]] = Future()
        self._wanted.put(_Wanted(command, log, environment, started))
        return started.result()

    def _serve(self) -> None:
        while True:
            wanted = self._wanted.get()
            try:
                with wanted.log.open("ab") as output:
                    process = subprocess.Popen(
                        wanted.command,
                        env=wanted.environment,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
            except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
                wanted.started.set_exception(error)
            else:
                wanted.started.set_result(process)


@functools.cache
def _spawner() -> _Spawner:
    return _Spawner()
