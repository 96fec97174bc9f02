"""What a panel and a dashboard are, before Grafana's own words for it."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from posture.publish.prometheus.families import ALL

Unit = Literal["percentunit", "short", "s", "reqps", "bytes", "none"]
Steps = Sequence[tuple[float | None, str]]
"""Colours, each from a value on; the first from None, the lowest."""


class Query(NamedTuple):
    """A query, and how its series are called: a legend of Grafana, or a heading in a table."""

    expr: str
    name: str


class Panel(NamedTuple):
    """A panel. `labels`: those that each of its series has, beside `cluster`."""

    kind: Literal["stat", "lines", "bars", "table"]
    title: str
    description: str
    unit: Unit
    labels: Sequence[str]
    queries: Sequence[Query]
    empty: str
    """What is said where there is no data: why that may be, and what to do."""
    width: int = 12
    """Of 24."""
    height: int = 8
    steps: Steps = ()
    words: Mapping[int, str] = {}
    """Words for values."""
    units: Mapping[str, Unit] = {}
    """Of columns of a table that have another one than the panel's."""
    link: tuple[str, str, str] | None = None
    """Of a table: the column that leads on, the text of the link and its address."""
    stacked: bool = False
    sort: tuple[str, bool] | None = None
    """Of a table: the column that orders it, and whether the largest comes first."""


class Row(NamedTuple):
    """Panels with a heading over them."""

    title: str
    panels: Sequence[Panel]


class Variable(NamedTuple):
    """A choice at the head of a dashboard, made of the values of a label."""

    name: str
    label: str
    values: str
    """A query for variables: `label_values(…)`."""
    description: str


class Dashboard(NamedTuple):
    """A dashboard. `variables` come after those that all have."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()
    since: str = "now-24h"


CLUSTER = Variable(
    "cluster",
    "Cluster",
    "label_values(posture_build_info, cluster)",
    "An external label of your Prometheus. Without one, all is one cluster.",
)
NAMESPACE = Variable(
    "namespace",
    "Namespace",
    'label_values(posture_condition{kind="PostureTarget",cluster=~"$cluster"}, namespace)',
    "The namespace of the PostureTarget, SuppressionPolicy or RemediationRule.",
)
TARGET = Variable(
    "target",
    "Target",
    'label_values(posture_condition{kind="PostureTarget",cluster=~"$cluster",namespace=~"$namespace"}, name)',
    "The PostureTarget.",
)
COMMON = (CLUSTER, NAMESPACE, TARGET)

ANY = 'cluster=~"$cluster"'
"""What a series of the operator itself is chosen by."""
IN_NAMESPACE = f'{ANY},namespace=~"$namespace"'
CHOSEN = f'{IN_NAMESPACE},target=~"$target"'
"""What a series of a target is chosen by."""
BY_TARGET = "cluster, namespace, target"
OF_TARGET = ("namespace", "target")
TARGET_NAME = "{{namespace}}/{{target}}"

SCORE_STEPS: Steps = ((None, "red"), (0.7, "orange"), (0.9, "green"))
NONE_IS_GOOD: Steps = ((None, "green"), (1, "red"))
NONE_IS_BEST: Steps = ((None, "green"), (1, "orange"))


def score(metric: str, by: str = BY_TARGET, chosen: str = CHOSEN) -> str:
    """Write a score; the one replica that publishes it may change."""
    return f"max by ({by}) ({metric}{{{chosen}}})"


def once(metric: str, chosen: str = CHOSEN) -> str:
    """Write the series of a gauge for a sum: one each, though two replicas may publish it in a takeover."""
    (family,) = [each for each in ALL if each.name == metric]
    return f"max by ({', '.join(('cluster', *family.labels))}) ({metric}{{{chosen}}})"
