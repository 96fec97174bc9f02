"""Which metrics are published, against an oracle that tries every one."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from posture.publish.cloudwatch.metrics import NAMES, Metric, MetricLevel, MetricValue
from posture.publish.cloudwatch.selection import MetricGroup, select
from tests.support.examples import examples

TARGETS = [("security", "a"), ("security", "b"), ("team", "a"), ("team", "c")]


class Drawn(NamedTuple):
    groups: list[MetricGroup]
    used: frozenset[Metric]


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    groups = []
    for number, target in enumerate(draw(st.lists(st.sampled_from(TARGETS), unique=True))):
        own = draw(st.booleans())
        for level in MetricLevel:
            for name in NAMES:
                size = draw(st.integers(0, 1 if level is MetricLevel.TARGET else 3))
                metrics = [Metric(name, (("Report", f"{target}/{level}/{n}"),)) for n in range(size)]
                readings = [MetricValue(metric, 1.0) for metric in metrics] if own else []
                groups.append(MetricGroup(level, name, target, f"uid{number}", readings, 0 if own else size))
    known = [reading.metric for group in groups for reading in group.readings]
    gone = [Metric("Score", (("Report", f"gone{n}"),)) for n in range(3)]
    used = draw(st.frozensets(st.sampled_from([*known, *gone])))
    return Drawn(draw(st.permutations(groups)), used)


def slowly(groups: Sequence[MetricGroup], most: int, used: frozenset[Metric], reserved: int) -> list[Metric]:
    """One metric after the other, by rank; those that another replica publishes are unknown ones."""
    ranked: list[tuple[tuple[int, int, tuple[str, str]], Metric | None]] = []
    for group in groups:
        rank = (int(group.level), NAMES.index(group.name), group.target)
        ranked += [(rank, reading.metric) for reading in group.readings]
        ranked += [(rank, None)] * group.reserved
    ranked.sort(key=lambda entry: entry[0])
    among = ranked[:most]
    others = max(reserved, sum(metric is None for _, metric in among))
    counted = set(used)
    chosen = []
    for _, metric in among:
        if metric is not None and (metric in counted or len(counted) + others < most):
            chosen.append(metric)
            counted.add(metric)
    return chosen


def found(groups: Sequence[MetricGroup], most: int, used: frozenset[Metric]) -> list[Metric]:
    return [reading.metric for _, reading in select(groups, most, used).chosen]


@examples(400)
@given(drawn(), st.integers(1, 40), st.integers(0, 9))
def test_it_is_what_the_oracle_chooses(scene: Drawn, most: int, reserved: int) -> None:
    selection = select(scene.groups, most, scene.used, reserved=reserved)
    chosen = [reading.metric for _, reading in selection.chosen]
    assert chosen == slowly(scene.groups, most, scene.used, reserved)
    wanted = sum(len(group.readings) for group in scene.groups)
    assert len(chosen) + sum(selection.left_out.values()) == wanted


@examples(200)
@given(drawn(), st.integers(1, 40))
def test_there_are_never_more_within_an_hour(scene: Drawn, most: int) -> None:
    reserved = min(most, sum(group.reserved for group in scene.groups))
    used = frozenset(sorted(scene.used)[: most - reserved])
    chosen = found(scene.groups, most, used)
    assert len(used.union(chosen)) <= most


@examples(200)
@given(drawn(), st.integers(1, 40))
def test_all_replicas_together_choose_what_one_would(scene: Drawn, most: int) -> None:
    """Each works on one target and keeps room for those of all others."""
    groups = [group for group in scene.groups if group.readings]
    whole = found(groups, most, frozenset())
    together = []
    for uid in {group.owner for group in groups}:
        seen = [
            group if group.owner == uid else group._replace(readings=(), reserved=len(group.readings))
            for group in groups
        ]
        together += found(seen, most, frozenset())
    assert sorted(together) == sorted(whole)


def test_targets_come_first_then_standards_then_workloads_and_scores_before_counts() -> None:
    groups = [
        MetricGroup(
            level, name, (namespace, target), target, [MetricValue(Metric(name, (("Of", level.name),)), 1)]
        )
        for namespace, target in TARGETS[:2]
        for name in NAMES
        for level in MetricLevel
    ]
    chosen = [(each.name, each.dimensions[0][1]) for each in found(groups, 9, frozenset())]
    of_targets = [(name, "TARGET") for name in NAMES for _ in range(2)]
    assert chosen == [*of_targets, ("Score", "STANDARD"), ("Score", "STANDARD"), ("Controls", "STANDARD")]
