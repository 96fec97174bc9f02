"""Status is written when it changed, tried again when that may help, and left alone when it is not ours."""

import asyncio
import math
from collections.abc import Mapping
from typing import Any, cast

import pytest

from posture.kube.client import (
    KubeClient,
)
from posture.kube.errors import Call, Gone, KubeError, Moved, RequestRefused, Retryable
from posture.kube.leadership import Leading
from posture.kube.requests import (
    REQUEST_WITHIN,
)
from posture.kube.resources import POSTURE_TARGETS, Object, ObjectRef
from posture.kube.status import StatusWrite, Transition, transitions, write_status
from tests.support.lease_world import VirtualLoop

OBJECT: Object = {"metadata": {"namespace": "a", "name": "b", "uid": "u"}, "status": {"score": 90}}
CALL = Call("patch", POSTURE_TARGETS, "a", "b", "status")


class _Api:
    """Fails as often as told, then stores."""

    def __init__(self, *errors: KubeError) -> None:
        self.errors = list(errors)
        self.written: list[tuple[ObjectRef, Mapping[str, Any]]] = []
        self.within: list[float] = []
        self.stored: list[Object] = []
        self.versions: list[str | None] = []

    async def patch_status(
        self, ref: ObjectRef, status: Mapping[str, Any], *, version: str | None, within: float
    ) -> Object:
        self.versions.append(version)
        self.within.append(within)
        if self.errors:
            raise self.errors.pop(0)
        self.written.append((ref, status))
        return OBJECT


def _write(api: _Api, status: Object, leading: Leading = lambda: 10.0) -> tuple[StatusWrite, float]:
    loop = VirtualLoop(lambda: None)

    async def write() -> StatusWrite:
        return await write_status(
            cast("KubeClient", api),
            POSTURE_TARGETS,
            OBJECT,
            status,
            leading=leading,
            stored=api.stored.append,
        )

    try:
        return loop.run_until_complete(write()), loop.time()
    finally:
        loop.close()


def test_an_unchanged_status_costs_no_call() -> None:
    api = _Api(Retryable(CALL, "never asked"))
    assert _write(api, {"score": 90})[0] is StatusWrite.UNCHANGED


def test_a_changed_status_is_written_to_that_object() -> None:
    api = _Api()
    assert _write(api, {"score": 91})[0] is StatusWrite.WRITTEN
    assert api.written == [(ObjectRef(POSTURE_TARGETS, "a", "b", "u"), {"score": 91})]


def test_what_may_work_later_is_tried_again_ever_slower() -> None:
    api = _Api(*[Retryable(CALL, "away")] * 4)
    outcome, seconds = _write(api, {"score": 91})
    assert outcome is StatusWrite.WRITTEN
    assert 0.25 + 0.5 + 1.0 + 2.0 <= seconds <= 0.5 + 1.0 + 2.0 + 4.0


def test_the_api_server_says_how_long_to_wait() -> None:
    throttled = Retryable(CALL, "slow down")
    throttled.retry_after = 9.0
    assert _write(_Api(throttled), {"score": 91})[1] >= 9.0


def test_trying_ends() -> None:
    with pytest.raises(Retryable, match="away"):
        _write(_Api(*[Retryable(CALL, "away")] * 1000), {"score": 91})


def test_an_object_that_is_gone_is_left_alone() -> None:
    assert _write(_Api(Gone(CALL, "gone")), {"score": 91})[0] is StatusWrite.GONE


def test_what_is_refused_is_told_at_once() -> None:
    with pytest.raises(RequestRefused):
        _write(_Api(RequestRefused(CALL, "no")), {"score": 91})


def test_a_replica_that_lost_the_lease_between_two_tries_writes_nothing() -> None:
    answers = iter([True, False])
    api = _Api(Retryable(CALL, "away"))
    assert _write(api, {"score": 91}, leading=lambda: next(answers))[0] is StatusWrite.NOT_OURS
    assert not api.written


def test_each_try_may_take_as_long_as_the_lease_has_left_by_then() -> None:
    left = iter([9.0, 4.0, 0.4])
    api = _Api(*[Retryable(CALL, "away")] * 9)
    assert _write(api, {"score": 91}, leading=lambda: next(left))[0] is StatusWrite.NOT_OURS
    assert api.within == [9.0, 4.0]


def test_without_a_lease_a_try_is_bounded_all_the_same() -> None:
    api = _Api()
    _write(api, {"score": 91}, leading=lambda: math.inf)
    assert api.within == [REQUEST_WITHIN]


def _moved(version: str, **fields: object) -> Moved:
    return Moved(
        CALL, "moved", {**OBJECT, "metadata": {**OBJECT["metadata"], "resourceVersion": version}, **fields}
    )


def test_a_change_beside_the_status_is_no_hindrance() -> None:
    api = _Api(_moved("7"))
    assert _write(api, {"score": 91})[0] is StatusWrite.WRITTEN
    assert api.versions == [OBJECT["metadata"].get("resourceVersion"), "7"]


def test_a_later_holder_s_status_stays_and_is_told_of() -> None:
    api = _Api(_moved("7", status={"score": 12}))
    assert _write(api, {"score": 91})[0] is StatusWrite.OVERTAKEN
    assert api.written == []
    assert [each["status"] for each in api.stored] == [{"score": 12}]


def test_a_write_whose_answer_was_lost_is_no_change_of_somebody_else_s() -> None:
    api = _Api(Retryable(CALL, "no answer"), _moved("7", status={"score": 91}))
    assert _write(api, {"score": 91})[0] is StatusWrite.WRITTEN


def test_only_another_status_or_reason_is_a_transition() -> None:
    before = [
        {"type": "Ready", "status": "True", "reason": "Ok", "message": "5 accounts"},
        {"type": "Stalled", "status": "False", "reason": "Ok"},
        {"type": "ScoreCurrent", "status": "False", "reason": "Syncing"},
    ]
    after = [
        {"type": "Ready", "status": "True", "reason": "Ok", "message": "6 accounts"},
        {"type": "Stalled", "status": "True", "reason": "NotGranted", "message": "add a grant"},
        {"type": "ScoreCurrent", "status": "False", "reason": "HubUnavailable"},
        {"type": "Reconciling", "status": "False", "reason": "Ok"},
    ]
    assert transitions(before, after) == [
        Transition("Stalled", "False", "True", "NotGranted", "add a grant"),
        Transition("ScoreCurrent", "False", "False", "HubUnavailable", ""),
        Transition("Reconciling", None, "False", "Ok", ""),
    ]
    assert transitions(after, after) == []


def test_the_virtual_loop_tells_a_deadlock() -> None:
    loop = VirtualLoop(lambda: None)
    with pytest.raises(AssertionError, match="waits for ever"):
        loop.run_until_complete(asyncio.Event().wait())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.close()
