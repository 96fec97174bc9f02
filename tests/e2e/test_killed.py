"""kill -9 while a call of a known kind is in flight: within a sweep, within the changes, within a re-list.

And SIGTERM, which waits for no answer.
"""

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from posture.store.sqlite.store import Store
from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from sandbox.waiting import wait_until
from tests.support.e2e.stage import ORGANIZATION, Stage, holder
from tests.support.e2e.witness import Witness

EVERYTHING = ["ProductName", "UpdatedAt"]
BY_HAND = ["ProductName", "RecordState", "WorkflowStatus", "UpdatedAt"]
DEADLINE = 20.0


def where(compliance: str) -> dict[str, Any]:
    return {
        name: [{"Comparison": "EQUALS", "Value": value}]
        for name, value in (("ComplianceStatus", compliance), ("RecordState", "ACTIVE"))
    }


def becomes(compliance: str, limit: int) -> dict[str, Any]:
    """The provider finds so many otherwise than before."""
    before = {"PASSED": "FAILED", "FAILED": "PASSED"}[compliance]
    set_to = {"Compliance": {"Status": compliance}}
    return {"op": "update", "where": where(before), "set": set_to, "limit": limit}


def by_hand(status: str, limit: int) -> dict[str, Any]:
    return {"op": "workflow", "where": where("FAILED"), "status": status, "limit": limit}


def hold(cloud: Cloud, filters: list[str], *, after: int = 0, next_page: bool = False) -> None:
    """Keep back the answers to all calls of a kind from now on, but for the first ones."""
    options = {"filters": filters, "next_page": next_page}
    cloud.control.fault("held", "GetFindings", count=None, after=after, options=options)


def is_holding(cloud: Cloud) -> bool:
    return bool(cloud.control.faults()[0]["holding"])


def kill_in_flight(operator: OperatorProcess, cloud: Cloud) -> list[dict[str, Any]]:
    """Kill it while calls are held; return these calls. Fails unless it was the kill that ended them."""
    operator.wait(lambda: is_holding(cloud), "a call of the kind to be in flight")
    assert cloud.control.faults()[0]["broken_off"] == []
    operator.kill()
    wait_until(
        lambda: not is_holding(cloud), "the calls in flight to be cut off by the kill", seconds=DEADLINE
    )
    broken_off: list[dict[str, Any]] = cloud.control.faults()[0]["broken_off"]
    assert broken_off, "nothing was in flight"
    return broken_off


def stored(operator: OperatorProcess, folder: Path) -> int:
    """Count the findings in the store of a replica that was killed: in a copy, to leave it as it is."""
    copy = shutil.copytree(operator.data_dir, folder / "copy")
    (file,) = copy.glob("*.sqlite")
    store = Store.open(file, owner=f"{file.stem} {ORGANIZATION.administrator}").store
    try:
        return store.count()
    finally:
        store.close()


def test_within_the_first_sweep(stage: Stage, cloud: Cloud, tmp_path: Path) -> None:
    hold(cloud, EVERYTHING, after=4)
    name = stage.target()
    operator = stage.operator()
    witness = Witness(cloud, operator, name)
    operator.wait(lambda: operator.value("posture_sync_progress_ratio") or 0, "some pages to be stored")
    assert operator.value("posture_sync_progress_ratio") != 1
    kill_in_flight(operator, cloud)
    assert 0 < stored(operator, tmp_path) < cloud.control.count() / 2
    witness.change(becomes("FAILED", 250), becomes("PASSED", 40), by_hand("SUPPRESSED", 30))
    operator.start()
    operator.wait(lambda: witness.sees_nothing() and is_holding(cloud), "the sweep to go on")
    cloud.control.lift_faults()
    operator.wait(lambda: witness.sees_now() and stage.is_current(name), "the oracle's numbers", seconds=60)


@pytest.mark.parametrize(
    ("filters", "next_page"),
    [pytest.param(EVERYTHING, True, id="changes"), pytest.param(BY_HAND, False, id="re-list")],
)
def test_within_a_poll(stage: Stage, cloud: Cloud, filters: list[str], *, next_page: bool) -> None:
    name = stage.target(interval="1h")
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    witness = Witness(cloud, operator, name)
    assert witness.sees_now()
    # More than a page has changed: the first one is stored when the second is held.
    hold(cloud, filters, next_page=next_page)
    hour_ago = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 3600))
    witness.change(becomes("FAILED", 250), by_hand("SUPPRESSED", 30))
    stage.kubectl("annotate", "posturetarget", name, "posture.dev/requestedAt=now")
    operator.wait(lambda: witness.sees_the_past() and is_holding(cloud), "the poll to be under way")
    broken_off = kill_in_flight(operator, cloud)
    since = min(call["Filters"]["UpdatedAt"][0]["Start"] for call in broken_off)
    assert (since > hour_ago) == (filters is EVERYTHING), "changes are those since the last poll"
    witness.change(becomes("PASSED", 60), by_hand("NEW", 40), becomes("FAILED", 20))
    operator.start()
    operator.wait(lambda: is_holding(cloud) and witness.sees_the_past(), "the poll again, and the old score")
    cloud.control.lift_faults()
    operator.wait(lambda: witness.sees_now() and stage.is_current(name), "the oracle's numbers", seconds=60)


def test_a_stop_does_not_wait_for_answers_and_the_sweep_goes_on_after_it(stage: Stage, cloud: Cloud) -> None:
    hold(cloud, EVERYTHING, after=4)
    name = stage.target()
    operator = stage.operator()
    witness = Witness(cloud, operator, name)
    operator.wait(lambda: is_holding(cloud), "the sweep to be under way")
    assert operator.stop() < 10
    assert cloud.control.faults()[0]["broken_off"]
    assert holder(stage) == "", "the lease is given back"
    assert "Traceback" not in operator.log()
    cloud.control.lift_faults()
    operator.start()
    operator.wait(lambda: witness.sees_now() and stage.is_current(name), "the oracle's numbers", seconds=60)
