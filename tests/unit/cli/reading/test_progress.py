"""What is said while a Security Hub is read."""

from dataclasses import replace

import pytest

from posture.aws.client.errors import Throttled
from posture.cli.reading.progress import Progress
from posture.hubs.status import HubStatus

ERROR = Throttled("Rate exceeded", service="securityhub", operation="GetFindings", code="Throttling")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("posture.cli.reading.progress.time.monotonic", lambda: now[0])
    return now


def test_how_far_it_is_is_said_now_and_then_with_the_time_that_is_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress() as progress:
        for percent in range(1, 61):
            clock[0] += 2
            progress.told(HubStatus(progress=percent / 100, read=percent * 500))
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "posture: 30 % read, 15000 findings, 250 a second, about 140 s left",
        "posture: 60 % read, 30000 findings, 250 a second, about 80 s left",
        "posture: read in 120 s",
    ]


def test_what_an_earlier_run_has_kept_makes_this_one_no_faster(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress()
    progress.told(HubStatus())
    for percent in range(50, 76):
        progress.told(HubStatus(progress=percent / 100, read=(percent - 50) * 40))
        clock[0] += 4
    (told,) = capsys.readouterr().err.splitlines()
    assert told == "posture: 65 % read, 600 findings, 10 a second, about 140 s left"


def test_what_is_read_at_once_is_read_in_silence(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress() as progress:
        clock[0] += 2
        progress.told(HubStatus(progress=1.0))
    assert capsys.readouterr().err == ""


def test_a_failure_is_told_at_once_and_once(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    failing = HubStatus(error=ERROR)
    progress = Progress()
    for status in (failing, failing, replace(failing, error=None), failing):
        clock[0] += 1
        progress.told(status)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all(line.endswith("; it is tried again") for line in told)
