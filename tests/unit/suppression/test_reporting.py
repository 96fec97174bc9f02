"""What policies say is told once, and of all of them, whatever lists and the API server do."""

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest

from posture.api.suppression_policy import SuppressionPolicyStatus
from posture.kube.errors import KubeError, RequestRefused, Retryable, Unauthorized
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import Object
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.context import Context
from posture.suppression.conditions import PolicyCase
from posture.suppression.reporting import PolicyReporter, ReportedPolicy
from posture.suppression.status import policy_status
from tests.support.api_server import CALL, ApiServer
from tests.support.lease_world import VirtualLoop
from tests.support.policies import case, declared, progress

SUPPRESSED = "posture_suppressed_findings{"
CONTROLS = {"standards": ["*"], "controls": ["S3.11"], "accounts": ["*"], "regions": ["eu-west-1"]}


class Desk:
    """A reporter, and what it reports to."""

    def __init__(self, *names: str) -> None:
        documents = [dict(declared(metadata={"name": name, "uid": f"p-{name}"}).document) for name in names]
        self.api = ApiServer(*documents)
        self.exposition = Exposition()
        self.objects = ObjectCache()
        self.holds = True
        world = SimpleNamespace(
            client=self.api,
            events=self.api,
            sink=PrometheusSink(self.exposition),
            writers=Writers("a/posture-operator"),
        )
        self.reporter = PolicyReporter(cast("Context", world), "me", lambda: self.holds, self.objects)

    def reported(self, name: str, listed: Object | None = None, **outcome: Any) -> ReportedPolicy:
        metadata = (listed or self.api.listed(name))["metadata"]
        of = declared(metadata=metadata)
        document = {**of.document, "status": (listed or self.api.listed(name)).get("status")}
        told = case(of, progress(**outcome))
        return ReportedPolicy(told._replace(declared=_with(of, document)), None)

    def shown(self) -> set[str]:
        lines = self.exposition.page().plain.decode().splitlines()
        return {line.split('policy="')[1].split('"')[0] for line in lines if 'policy="' in line}


def _with(of: Any, document: Object) -> Any:
    return type(of)(document, of.policy, of.terms, of.admitted, of.trouble)


async def test_a_transition_is_told_once_however_old_the_list_is() -> None:
    desk = Desk("logs")
    first = desk.api.listed("logs")
    # Its finalizer was put on, and a list that shows that was asked for before the status was written.
    desk.api.put({**first, "metadata": {**first["metadata"], "finalizers": ["posture.dev/cleanup"]}})
    between = desk.api.listed("logs")
    for listed in (first, between, first, None):
        assert await desk.reporter.report([desk.reported("logs", listed)]) is None
    assert [reason for _, reason, _ in desk.api.events] == ["InEffect"]
    assert desk.api.writes == 1
    assert desk.api.finalizers("logs") == ["posture.dev/cleanup"]


async def test_what_is_a_warning_among_the_events_is_one_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk("good", "bad")
    with caplog.at_level(logging.INFO):
        await desk.reporter.report([desk.reported("good"), desk.reported("bad", over=True)])
    said = {line.getMessage().split(":")[2].strip(): line.levelname for line in caplog.records}
    assert said == {"InEffect": "INFO", "TooManyMatches": "WARNING"}


async def test_a_status_that_somebody_else_wrote_since_is_made_right() -> None:
    desk = Desk("logs")
    await desk.reporter.report([desk.reported("logs")])
    told = desk.api.listed("logs")
    desk.api.put({**told, "status": {**told["status"], "suppressed": 99}})
    await desk.reporter.report([desk.reported("logs")])
    assert desk.api.listed("logs")["status"]["suppressed"] == 3


@pytest.mark.parametrize(
    "answer", [RequestRefused(CALL, "422", status=422), Unauthorized(CALL, "401", status=401)]
)
async def test_one_that_cannot_be_written_keeps_no_other_from_it(answer: KubeError) -> None:
    desk = Desk("a", "b", "c")
    desk.api.refusals["b"] = answer
    assert await desk.reporter.report([desk.reported(name) for name in "abc"]) is answer
    assert [name for name in "abc" if desk.api.listed(name).get("status")] == ["a", "c"]
    assert desk.shown() == {"a", "b", "c"}
    assert await desk.reporter.report([desk.reported(name) for name in "abc"]) is None
    assert desk.api.listed("b")["status"]


async def test_one_that_is_gone_is_no_trouble() -> None:
    desk = Desk("a", "b")
    gone = desk.reported("a")
    desk.api.objects.pop("p-a")
    assert await desk.reporter.report([gone, desk.reported("b")]) is None
    assert [name for name, _, _ in desk.api.events] == ["b"]


async def test_what_passes_is_tried_again_at_once() -> None:
    desk = Desk("a")
    desk.api.refusals["a"] = Retryable(CALL, "500", status=500)
    assert await desk.reporter.report([desk.reported("a")]) is None
    assert desk.api.listed("a")["status"]


async def test_remembering_some_withdraws_nothing_of_the_others() -> None:
    desk = Desk("a", "b")
    await desk.reporter.report([desk.reported(name) for name in "ab"])
    assert await desk.reporter.remember([desk.reported("a", suppressed=1)]) == {"security/a"}
    assert desk.api.listed("a")["status"]["suppressed"] == 1
    assert desk.shown() == {"a", "b"}


async def test_only_what_is_written_is_remembered() -> None:
    desk = Desk("a", "b", "c", "d")
    given = [desk.reported(name) for name in "abcd"]
    desk.api.refusals["b"] = RequestRefused(CALL, "422", status=422)
    desk.api.objects.pop("p-c")
    assert await desk.reporter.remember(given) == {"security/a", "security/d"}
    assert await desk.reporter.remember(given) == {"security/a", "security/b", "security/d"}
    desk.holds = False
    assert await desk.reporter.remember([desk.reported("a", suppressed=1)]) == set()


def test_an_api_server_that_fails_is_waited_for_once_and_not_for_each_policy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(*map(str, range(50)))
    loop = VirtualLoop(lambda: None)
    attempts = 0

    async def fails(*_: object, **_how: object) -> Object:
        nonlocal attempts
        attempts += 1
        raise Retryable(CALL, "500", status=500)

    monkeypatch.setattr(desk.api, "patch_status", fails)
    try:
        failure = loop.run_until_complete(
            desk.reporter.report([desk.reported(str(each)) for each in range(50)])
        )
        assert isinstance(failure, Retryable)
        assert loop.time() <= 10.0
        assert 50 < attempts < 60
    finally:
        loop.close()


async def test_series_go_with_the_lease_at_the_next_scrape() -> None:
    desk = Desk("a")
    await desk.reporter.report([desk.reported("a")])
    assert desk.shown() == {"a"}
    desk.holds = False
    assert desk.shown() == set()


async def test_controls_that_are_off_are_not_published_as_findings() -> None:
    desk = Desk()
    off = declared(suppressFindings=None, disableControls=CONTROLS, metadata={"name": "off"})
    found = declared(metadata={"name": "found"})
    await desk.reporter.report([ReportedPolicy(case(each, progress()), None) for each in (off, found)])
    lines = desk.exposition.page().plain.decode().splitlines()
    named = [line.split('policy="')[1].split('"')[0] for line in lines if line.startswith(SUPPRESSED)]
    assert named == ["found"]


async def test_one_that_the_operator_trips_over_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk("a", "b", "c")

    def trips(
        before: SuppressionPolicyStatus, case: PolicyCase, handled: str | None
    ) -> SuppressionPolicyStatus:
        if case.declared.name == "security/b":
            raise KeyError("a defect")
        return policy_status(before, case, handled)

    monkeypatch.setattr("posture.suppression.reporting.policy_status", trips)
    assert await desk.reporter.report([desk.reported(name) for name in "abc"]) is None
    assert [name for name in "abc" if desk.api.listed(name).get("status")] == ["a", "c"]
    assert desk.shown() == {"a", "c"}
    assert await desk.reporter.remember([desk.reported(name) for name in "abc"]) == {
        "security/a",
        "security/c",
    }
    assert {record.levelname for record in caplog.records if "a bug in the operator" in record.message} == {
        "ERROR"
    }


@pytest.mark.parametrize(
    "status",
    [
        {"lastMatchedTime": "0000-01-01T00:00:00Z", "suppressed": 99},
        {"lastMatchedTime": "2099-01-01T00:00:00Z", "drift": 99},
        {"conditions": [{"type": "Ready", "status": "Perhaps"}]},
        {"failures": "none"},
    ],
)
async def test_a_status_that_cannot_be_read_is_written_anew(status: Any) -> None:
    desk = Desk("logs")
    desk.api.put({**desk.api.listed("logs"), "status": status})
    assert await desk.reporter.report([desk.reported("logs", matched=0)]) is None
    written = desk.api.listed("logs")["status"]
    assert written["suppressed"] == 3
    assert "lastMatchedTime" not in written
    assert {each["reason"] for each in written["conditions"] if each["type"] == "Ready"} == {"MatchesNothing"}


async def test_what_only_the_status_tells_is_no_series() -> None:
    desk = Desk("logs")
    listed = desk.api.listed("logs")
    desk.api.put({**listed, "status": {"suppressed": 99, "drift": 99, "matched": 99}})
    reported = desk.reported("logs")
    await desk.reporter.report([reported._replace(case=reported.case._replace(progress=None))])
    assert desk.api.listed("logs")["status"]["suppressed"] == 99
    page = desk.exposition.page().plain.decode()
    assert "posture_suppression_expiry" in page
    assert not any(line.startswith((SUPPRESSED, "posture_suppression_drift{")) for line in page.splitlines())
