"""The delay of a rule over kill -9, what a person does meanwhile, and a lost store: longer, never shorter."""

import shutil
from itertools import count

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.rules import ACCOUNT_BLOCK, allow, fail, failing, rule, status, totals
from tests.support.e2e.stage import Stage

NAME = "public-buckets"
MINUTES = 60
_requests = count(1)


def looked(stage: Stage, operator: OperatorProcess) -> None:
    """Wait until the operator has polled, and planned by what it read."""
    request = f"look {next(_requests)}"
    stage.kubectl("annotate", "--overwrite", "rrule", NAME, f"posture.dev/requestedAt={request}")
    operator.wait(lambda: status(stage, NAME).get("lastHandledRequest") == request, request, seconds=60)


def delayed(stage: Stage, cloud: Cloud) -> OperatorProcess:
    """Have a rule wait for two hours, of which forty minutes pass."""
    fail(cloud, "S3.1")
    allow(stage)
    stage.target()
    rule(stage, NAME, ACCOUNT_BLOCK, ["S3.1"], delay="2h")
    operator = stage.operator()
    operator.wait(lambda: totals(stage, NAME) == {"Delayed": 9}, "the first plan", seconds=60)
    cloud.control.clock(advance=40 * MINUTES)
    looked(stage, operator)
    assert totals(stage, NAME) == {"Delayed": 9}
    return operator


def test_kill_9_restarts_no_delay_and_a_reopening_meanwhile_does(stage: Stage, cloud: Cloud) -> None:
    operator = delayed(stage, cloud)
    operator.kill()
    reopened = failing(cloud, ["S3.1"])[4]
    cloud.control.mutate({"op": "workflow", "id": reopened["Id"], "status": "SUPPRESSED"})
    cloud.control.clock(advance=30 * MINUTES)
    cloud.control.mutate({"op": "workflow", "id": reopened["Id"], "status": "NEW"})
    operator.start()
    looked(stage, operator)
    assert totals(stage, NAME) == {"Delayed": 9}
    assert cloud.control.call_total("GetFindingHistory") == 0, "nothing could have passed yet"
    cloud.control.clock(advance=45 * MINUTES)
    looked(stage, operator)
    assert totals(stage, NAME) == {"Delayed": 9}
    cloud.control.clock(advance=10 * MINUTES)
    looked(stage, operator)
    operator.wait(lambda: totals(stage, NAME) == {"Planned": 8, "Delayed": 1}, "two hours to pass")
    (waits,) = [each for each in status(stage, NAME)["plan"] if each["reason"] == "Delayed"]
    assert waits["findingId"] == reopened["Id"]
    assert cloud.control.call_total("GetFindingHistory") == 9
    for minutes in (50, 10):
        cloud.control.clock(advance=minutes * MINUTES)
        looked(stage, operator)
    assert totals(stage, NAME) == {"Planned": 8, "Delayed": 1}
    cloud.control.clock(advance=10 * MINUTES)
    looked(stage, operator)
    operator.wait(lambda: totals(stage, NAME) == {"Planned": 9}, "two hours since it was reopened")
    assert cloud.control.call_total("GetFindingHistory") == 9, "an answer is good while somebody watches"
    assert cloud.control.call_total("BatchUpdateFindings") == 0


def test_a_lost_store_restarts_every_delay(stage: Stage, cloud: Cloud) -> None:
    operator = delayed(stage, cloud)
    operator.kill()
    shutil.rmtree(operator.data_dir)
    operator.start()
    operator.wait(stage.is_current, "a sweep", seconds=60)
    for minutes in (45, 45):
        cloud.control.clock(advance=minutes * MINUTES)
        looked(stage, operator)
        assert totals(stage, NAME) == {"Delayed": 9}
    cloud.control.clock(advance=35 * MINUTES)
    looked(stage, operator)
    operator.wait(lambda: totals(stage, NAME) == {"Planned": 9}, "two hours since the store is lost")
