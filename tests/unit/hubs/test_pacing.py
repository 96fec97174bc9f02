"""Failures: tried again sooner or later by what they are, each kind of work by itself."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from posture.aws.client.errors import AccessDenied, AwsError, Throttled
from posture.hubs.cycle import JobOutcome, Jobs
from posture.hubs.status import StatusPublisher
from posture.pace import BackOff

WHERE = {"service": "securityhub", "operation": "GetFindings", "code": "X"}
PASSING = Throttled("slow down", **WHERE)
LASTING = AccessDenied("no", **WHERE)


def test_what_passes_is_tried_again_soon_then_later_but_never_later_than_usual() -> None:
    pauses = BackOff(first=2.0, longest=60.0)
    seen = [pauses.after(PASSING, 300) for _ in range(10)]
    bounds = [min(60.0, 2.0 * 2**n) for n in range(10)]
    assert all(bound / 2 <= pause <= bound for pause, bound in zip(seen, bounds, strict=True))
    assert pauses.after(PASSING, 5) == 5
    pauses.succeeded()
    assert pauses.after(PASSING, 300) <= 2.0


def test_replicas_do_not_try_again_at_one_same_moment() -> None:
    assert len({BackOff(first=2.0).after(PASSING, 300) for _ in range(20)}) > 10


def test_what_lasts_is_tried_again_at_the_usual_pace() -> None:
    assert BackOff(first=2.0).after(LASTING, 300) == 300


async def ends() -> None:
    await asyncio.sleep(0)


def fails(error: AwsError) -> Callable[[], Coroutine[None, None, None]]:
    async def run() -> None:
        raise error

    return run


async def finish(jobs: Jobs) -> JobOutcome:
    await asyncio.wait(jobs.tasks)
    return jobs.reap(300)


async def test_a_failed_job_pauses_and_holds_up_no_other() -> None:
    bulletin = StatusPublisher("hub")
    jobs = Jobs(bulletin, first_pause=100)
    jobs.start("sweep", fails(PASSING))
    jobs.start("sweep", fails(LASTING))
    assert len(jobs.tasks) == 1, "at most one of a kind"
    assert await finish(jobs) is JobOutcome.FAILED
    assert bulletin.status.error is PASSING
    assert bulletin.status.errors == {"Throttled": 1}
    pause = jobs.next_start()
    assert pause is not None
    assert 40 < pause <= 100
    jobs.start("sweep", ends)
    assert not jobs.tasks, "it pauses"
    jobs.start("re-list", ends)
    assert await finish(jobs) is JobOutcome.WELL
    assert bulletin.status.error is PASSING, "the re-list does not make up for the sweep"
    jobs.hurry()
    jobs.start("sweep", ends)
    assert await finish(jobs) is JobOutcome.WELL
    assert bulletin.status.error is None
    assert jobs.next_start() is None


async def test_what_is_no_fault_of_aws_is_raised() -> None:
    jobs = Jobs(StatusPublisher("hub"), first_pause=1)

    async def breaks() -> None:
        raise OSError("disk")

    jobs.start("sweep", breaks)
    with pytest.raises(OSError, match="disk"):
        await finish(jobs)


async def test_stopped_jobs_are_over() -> None:
    jobs, cancelled = Jobs(StatusPublisher("hub"), first_pause=1), asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    jobs.start("sweep", waits)
    await asyncio.sleep(0)
    await jobs.stop()
    assert cancelled.is_set()
    assert not jobs.tasks


def test_listeners_hear_of_every_change() -> None:
    bulletin, heard = StatusPublisher("hub"), list[float]()
    bulletin.on_change(lambda: heard.append(bulletin.status.progress))
    bulletin.post(progress=0.5)
    bulletin.post(progress=1.0)
    assert heard == [0.5, 1.0]
    bulletin.failed("poll", PASSING)
    bulletin.stood_down()
    assert bulletin.status.error is None
    assert bulletin.status.progress == 0.0
    assert bulletin.status.errors == {"Throttled": 1}, "counters go on"
