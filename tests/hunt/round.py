"""The plugin of one round: tests in an order of its own, none begun once the time is over."""

import os
import shlex
import sys
import time
from random import Random

import pytest

from tests.support.examples import HUNT_SEED

_SAID = (HUNT_SEED, "PYTHONHASHSEED", "TZ")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hunt-until", type=float, default=float("inf"), help="begin no test after (epoch)")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Round(config), "hunt-round")


class Round:
    """Runs what it can within the time, and says how to see again what failed."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._until: float = config.getoption("--hunt-until")
        self._ended = 0
        self._failed: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Give each test its chance to be in the part of the round that the time is enough for."""
        Random(os.environ[HUNT_SEED]).shuffle(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> bool | None:
        return True if time.time() > self._until else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._ended += report.when == "call"
        if report.failed and report.nodeid not in self._failed:
            self._failed.append(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"{self._ended} tests ended in this round of the hunt")
        if self._failed:
            terminalreporter.section("To see it again")
            terminalreporter.write_line(self._command())

    def _command(self) -> str:
        surroundings = [f"{name}={shlex.quote(os.environ[name])}" for name in _SAID]
        seed = self._config.getoption("--hypothesis-seed")
        python = os.path.relpath(sys.executable)
        options = ["--hypothesis-profile=hunt", f"--hypothesis-seed={seed}"]
        return " ".join(
            [*surroundings, python, "-m", "pytest", *options, *(shlex.quote(each) for each in self._failed)]
        )
