"""One task a hub and one a target, whatever is declared meanwhile, whatever fails, whenever it is stopped."""

import asyncio
import logging
from pathlib import Path

import pytest

from posture import logs
from posture.aws.client.errors import AccessDenied
from posture.kube.resources import KINDS, POSTURE_TARGETS, SUPPRESSION_POLICIES
from tests.support.supervised import NAMESPACE, Play, passing, play, target


def test_thirty_targets_on_one_security_hub_have_one_hub(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(*(target(f"target-{number}") for number in range(30)))
        (hub,) = stage.hubs
        assert len(hub.asked) == 30
        assert len(stage.shown()) == 30

    play(tmp_path, story)


def test_a_hub_is_given_up_when_its_last_target_goes_and_no_sooner(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"), target("b"), target("c", region="us-east-1"))
        ireland, virginia = stage.hubs
        del stage.cluster.targets[0]
        stage.supervisor.wake()
        await passing(2)
        assert (ireland.stopped, len(ireland.asked)) == (False, 1)
        assert stage.shown() == {"uid-b", "uid-c"}
        del stage.cluster.targets[0]
        stage.supervisor.wake()
        await passing(2)
        assert (ireland.stopped, virginia.stopped) == (True, False)
        assert stage.shown() == {"uid-c"}

    play(tmp_path, story)


def test_a_suspended_target_keeps_its_hub_and_asks_for_nothing(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a", suspend=True))
        (hub,) = stage.hubs
        assert hub.alive
        assert hub.asked == []
        assert stage.shown() == {"uid-a"}

    play(tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_concluded_from_a_list_that_fails_or_is_partial(kind: str, tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"), target("b", region="us-east-1"))
        before = stage.hubs
        stage.refuse(kind)
        # Gone by what of the lists there is; but the lists are not whole.
        stage.cluster.targets.clear()
        stage.supervisor.wake()
        await passing(30)
        assert stage.hubs == before
        assert all(hub.alive and len(hub.asked) == 1 for hub in before)
        assert stage.shown() == {"uid-a", "uid-b"}
        assert stage.supervisor.not_ready == f"could not list {kind}"
        stage.cluster.refused.clear()
        await passing(6)
        assert stage.supervisor.not_ready is None
        assert (stage.hubs, stage.shown()) == ([], set())

    play(tmp_path, story)


def test_until_the_first_whole_list_nothing_is_begun_and_readiness_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stage: Play) -> None:
        stage.refuse(SUPPRESSION_POLICIES.kind)
        assert stage.supervisor.not_ready == "the declared objects have not been listed yet"
        await stage.begin(target())
        await passing(60)
        assert stage.world.made == []
        assert stage.supervisor.not_ready == "could not list SuppressionPolicy"
        assert 10 <= len(stage.cluster.lists) <= 14, "tried again soon, and not all the time"
        stage.cluster.refused.clear()
        await passing(6)
        assert len(stage.hubs) == 1

    play(tmp_path, story)
    assert [r.message for r in caplog.records].count(
        "The declared objects could not be listed; the last list stays in force: "
        "could not list SuppressionPolicy"
    ) == 1


def test_what_is_added_changed_and_removed_while_a_list_is_under_way_is_followed_at_once(
    tmp_path: Path,
) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("kept"), target("removed", region="us-east-1"))
        kept, removed = stage.hubs
        stage.cluster.gate = asyncio.Event()
        stage.supervisor.wake()
        await passing(1)
        # The list under way was answered before; its answer arrives only now.
        stage.cluster.targets[:] = [
            target("kept", interval="7s") | {"metadata": target("kept")["metadata"] | {"generation": 2}},
            target("added", region="eu-central-1"),
        ]
        stage.supervisor.wake()
        stage.cluster.gate.set()
        await passing(2)
        assert kept.asked[0].interval.total_seconds() == 7
        assert removed.stopped
        assert [hub.key.region for hub in stage.hubs] == ["eu-west-1", "eu-central-1"]
        assert stage.shown() == {"uid-kept", "uid-added"}

    play(tmp_path, story)


def test_a_target_that_is_gone_before_its_list_arrives_only_costs_a_try(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        stage.cluster.gate = asyncio.Event()
        await stage.begin(target("gone"), target("kept"))
        del stage.cluster.targets[0]
        stage.supervisor.wake()
        stage.cluster.gate.set()
        await passing(2)
        assert stage.shown() == {"uid-kept"}
        assert {name for name, _ in stage.cluster.statuses} == {"kept"}

    play(tmp_path, story)


def test_a_list_that_comes_late_does_not_bring_an_older_status_back(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        def conditions() -> list[tuple[str, str]]:
            return [
                (each["type"], each["reason"]) for each in stage.cluster.targets[0]["status"]["conditions"]
            ]

        await stage.begin(target("a"))
        (hub,) = stage.hubs
        well = conditions()
        stage.cluster.gate = asyncio.Event()
        stage.supervisor.wake()
        await passing(1)
        hub.trouble(AccessDenied("no", service="securityhub", operation="GetFindings", code="AccessDenied"))
        await passing(2)
        assert conditions() != well
        # Now arrives what was answered before the trouble: it shows the status as it will be after it.
        stage.cluster.gate.set()
        await passing(0.4)
        hub.trouble(None)
        await passing(5)
        assert conditions() == well

    play(tmp_path, story)


def test_a_namesake_of_a_deleted_target_is_another_target(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a", uid="first"))
        (hub,) = stage.hubs
        stage.cluster.targets[:] = [target("a", uid="second")]
        stage.supervisor.wake()
        await passing(2)
        assert stage.shown() == {"second"}
        assert stage.hubs == [hub], "the hub is the same one, and need not begin anew"

    play(tmp_path, story)


def test_a_deleted_target_is_served_until_its_finalizer_goes(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        waiting = target("waiting")
        waiting["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z"}
        waiting["metadata"]["finalizers"] = ["posture.dev/cleanup"]
        going = target("going", region="us-east-1")
        going["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/x"]}
        await stage.begin(waiting, going)
        assert [hub.key.region for hub in stage.hubs] == ["eu-west-1"]

    play(tmp_path, story)


def test_a_lost_lease_takes_the_series_at_once_and_nothing_is_written_until_it_is_back(
    tmp_path: Path,
) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"), target("b", region="us-east-1"))
        lost, _ = stage.hubs
        written = len(stage.cluster.statuses)
        lost.lose()
        assert stage.shown() == {"uid-b"}, "at the next scrape, not at the next cycle"
        stage.cluster.targets[0]["metadata"]["generation"] = 2
        stage.supervisor.wake()
        await passing(120)
        assert [name for name, _ in stage.cluster.statuses[written:]] == []
        assert lost.alive, "it competes for the Lease"
        assert stage.supervisor.samples() != {}
        lost.gain()
        await passing(2)
        assert stage.shown() == {"uid-a", "uid-b"}
        assert [name for name, _ in stage.cluster.statuses[written:]] == ["a"]

    play(tmp_path, story)


def test_a_hub_that_ends_by_a_defect_is_begun_anew_ever_slower_and_alone(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"), target("b", region="us-east-1"))
        other = stage.hubs[1]
        pauses: list[float] = []
        for _ in range(9):
            failing = stage.hubs[-1] if pauses else stage.hubs[0]
            failed_at = asyncio.get_running_loop().time()
            failing.fail(RuntimeError("a defect"))
            await passing(1)
            assert stage.shown() == {"uid-b"}
            assert other.alive
            await passing(310)
            assert failing.stopped
            pauses.append(stage.hubs[-1].made_at - failed_at)
        assert all(5 <= pause <= 302 for pause in pauses)
        assert pauses[0] <= 12
        assert max(pauses[-3:]) >= 150, "it grows"
        assert stage.shown() == {"uid-a", "uid-b"}
        # Well for long: the next failure is the first one again.
        await passing(700)
        failed_at = asyncio.get_running_loop().time()
        stage.hubs[-1].fail(RuntimeError("another"))
        await passing(15)
        assert 5 <= stage.hubs[-1].made_at - failed_at <= 12

    play(tmp_path, story)


def test_a_hub_that_nobody_wants_any_more_is_not_begun_anew_and_its_failures_are_forgotten(
    tmp_path: Path,
) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        for _ in range(5):
            stage.hubs[-1].fail(RuntimeError("a defect"))
            await passing(310)
        stage.hubs[-1].fail(RuntimeError("a defect"))
        await passing(1)
        stage.cluster.targets.clear()
        stage.supervisor.wake()
        made = len(stage.world.made)
        await passing(600)
        assert len(stage.world.made) == made
        stage.cluster.targets.append(target("a"))
        await passing(61)
        stage.hubs[-1].fail(RuntimeError("a defect"))
        await passing(15)
        assert len(stage.world.made) == made + 2

    play(tmp_path, story)


def test_a_target_whose_cycle_breaks_is_tried_again_and_the_others_do_not_notice(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        stage.cluster.broken["a"] = RuntimeError("a defect")
        await stage.begin(target("a"), target("b"))
        assert {name for name, _ in stage.cluster.statuses} == {"b"}
        stage.cluster.broken.clear()
        await passing(12)
        assert {name for name, _ in stage.cluster.statuses} == {"a", "b"}

    play(tmp_path, story)


def test_a_target_whose_task_has_died_is_begun_anew_by_the_next_list(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        for task in asyncio.all_tasks():
            if task.get_name() == f"{NAMESPACE}/a":
                task.cancel()
        await passing(0)
        stage.cluster.statuses.clear()
        stage.cluster.targets[0]["metadata"]["generation"] = 2
        stage.supervisor.wake()
        await passing(2)
        assert [name for name, _ in stage.cluster.statuses] == ["a"]
        assert stage.shown() == {"uid-a"}

    play(tmp_path, story)


def test_an_object_that_breaks_the_supervisor_stops_nothing_that_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        # No object without a uid is ever listed.
        strange = target("strange")
        del strange["metadata"]["uid"]
        stage.cluster.targets.append(strange)
        stage.supervisor.wake()
        await passing(60)
        assert stage.hubs[0].alive
        assert stage.shown() == {"uid-a"}
        assert "KeyError" in str(stage.supervisor.not_ready)
        stage.cluster.targets.remove(strange)
        await passing(6)
        assert stage.supervisor.not_ready is None

    play(tmp_path, story)
    assert sum("a bug in the operator" in record.message for record in caplog.records) == 1, "told once"


def test_a_defect_in_the_general_lease_ends_the_supervisor_and_with_it_the_process(tmp_path: Path) -> None:
    """Else nobody would look after what has no hub ever again, and nothing would say so."""

    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        assert stage.run is not None
        stage.world.general.broken.set()
        await passing(1)
        assert stage.run.done()
        assert isinstance(stage.run.exception(), ExceptionGroup)

    play(tmp_path, story)


def test_a_grant_that_is_taken_back_ends_the_hub_and_the_target_says_so(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        stage.grant("other")
        await passing(5)
        assert stage.hubs == []
        assert stage.shown() == {"uid-a"}, "its conditions, by whoever looks after what has no hub"
        stage.world.general.lose()
        assert stage.shown() == set()
        await passing(100)
        stage.world.general.gain()
        await passing(2)
        assert stage.shown() == {"uid-a"}, "at once, not with the next cycle"
        stage.grant(NAMESPACE)
        await passing(5)
        assert len(stage.hubs) == 1
        assert stage.shown() == {"uid-a"}

    play(tmp_path, story)


def test_hubs_and_targets_log_rounds_of_their_own_and_for_whom(tmp_path: Path) -> None:
    seen: list[dict[str, object]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append({"logger": record.name, **vars(record)})

    async def story(stage: Play) -> None:
        with logs.bound(rule="of/the-start"):
            await stage.begin(*(target(f"target-{number}") for number in range(7)))
        stage.refuse(POSTURE_TARGETS.kind)
        stage.supervisor.wake()
        await passing(2)

    handler, root = Handler(), logging.getLogger("posture")
    handler.addFilter(logs._Context())
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    try:
        play(tmp_path, story)
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    of = {
        name: [line for line in seen if line["logger"] == name] for name in {str(s["logger"]) for s in seen}
    }
    (alive,) = of["posture.hubs.fake"]
    assert alive["target"] == [*(f"{NAMESPACE}/target-{number}" for number in range(5)), "+2"]
    assert str(alive["hub"]).startswith("posture-hub-")
    assert {line["target"] for line in of["posture.reconcile.reporter"]} == {
        f"{NAMESPACE}/target-{number}" for number in range(7)
    }
    assert all("hub" not in line for line in of["posture.reconcile.reporter"])
    assert all("rule" not in line for line in [alive, *of["posture.reconcile.reporter"]]), "of no other round"
    (refused,) = of["posture.supervisor"]
    assert "target" not in refused
    rounds = [{line["cycle"] for line in lines} for lines in of.values()]
    assert all(not a & b for a in rounds for b in rounds if a is not b), "no round is another's"
