"""When a target tells what Security Hub costs, and what it says where that cannot be known."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from posture.api.targets.status import PostureTargetStatus
from posture.config.model import Config
from posture.domain.costs import MONTH, CostEstimate
from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.setup.facts import HubSetup
from posture.domain.standards import Controls
from posture.domain.time import HOUR
from posture.hubs.hub import Hub
from posture.hubs.status import HubStatus
from posture.publish.reports import RestoredScores, Shown
from posture.reconcile.access import Admitted, admit
from posture.targets.costing import Costing
from tests.support.hub_facts import facts
from tests.unit.targets.test_insights import NOW, admitted

SYNCING = "Findings are counted with the first exact score."


def cells(n: int, product: str = "Security Hub", standard: str = "a/v/1") -> list[Cell]:
    own = CheckSource.SECURITY_HUB if product == "Security Hub" else None
    check = Check(product, own, "S3.1" if own else "", numbered=False, standards=(standard,) if own else ())
    count = Count(Severity.HIGH, Compliance.FAILED, Workflow.NEW, fresh=True, n=n)
    return [Cell(check, "111122223333", "us-gov-west-1", (count,))]


class OnPaper:
    """A hub whose cells are these, as of a moment; it counts how often anybody looks."""

    def __init__(self, found: list[Cell] | None, **known: Any) -> None:
        setup = HubSetup(second_version=known.pop("second_version", False))
        self.status = HubStatus(facts=facts(**{"setup": setup, **known}))
        self.found = found
        self.exact_at = NOW
        self.time = NOW
        self.looks = 0
        self._controls = Controls({})

    def now(self) -> int:
        return self.time

    def controls(self) -> Controls:
        return self._controls

    def cells(self, _: int) -> list[Cell] | None:
        return self.found

    async def look(self, look: Callable[[Any], object]) -> object:
        self.looks += 1
        return look(self)


def shown(hub: OnPaper, scope: str = "s") -> Shown:
    return Shown((), scope, cast("Any", None), hub.exact_at)


async def told(
    hub: OnPaper, costing: Costing | None = None, *, admission: Admitted | None = None, config: Any = None,
    scores: Any = None,
) -> CostEstimate | str:  # fmt: skip
    return await (costing or Costing()).now(
        cast("Hub", hub), admission or admitted(), scores or shown(hub), config or Config()
    )


async def in_status(
    costing: Costing, before: PostureTargetStatus, hub: OnPaper, config: Config | None = None
) -> PostureTargetStatus:
    return await costing.with_cost(before, admitted(), cast("Hub", hub), shown(hub), config or Config())


async def test_it_is_estimated_by_the_prices_of_the_configuration() -> None:
    month = 100 * MONTH / (24 * HOUR)
    found = await told(OnPaper(cells(100)))
    assert isinstance(found, CostEstimate)
    assert found.checks == pytest.approx(month * 0.001)
    assert found.ingestion is None
    assert dict(found.standards) == {"a/v/1": pytest.approx(month * 0.001)}
    dear = Config.model_validate({"prices": {"checks": [[None, 2]], "checksPerDay": 2}})
    assert (await told(OnPaper(cells(100)), config=dear))[0] == pytest.approx(month * 4)
    both = admitted(products=["Security Hub", "GuardDuty"])
    found = await told(OnPaper(cells(20_000, "GuardDuty")), admission=both)
    assert isinstance(found, CostEstimate)
    assert found.ingestion == pytest.approx((20_000 * MONTH / (30 * HOUR) - 10_000) * 0.00003)


async def test_it_is_made_again_when_it_is_an_hour_old_or_something_else_is_asked() -> None:
    hub, costing = OnPaper(cells(100)), Costing()
    first = await told(hub, costing)
    hub.found = cells(200)
    hub.exact_at += HOUR - 1
    assert await told(hub, costing) == first
    assert hub.looks == 1
    hub.exact_at += 1
    second = await told(hub, costing)
    assert hub.looks == 2
    assert second[0] == pytest.approx(2 * cast("float", first[0]))
    await told(hub, costing, scores=shown(hub, "another scope"))
    await told(hub, costing, config=Config.model_validate({"prices": {"checksPerDay": 3}}))
    assert hub.looks == 4


async def test_what_was_counted_for_another_scope_is_never_told() -> None:
    hub, costing = OnPaper(cells(100)), Costing()
    await told(hub, costing)
    hub.found = None
    assert await told(hub, costing, scores=shown(hub, "another scope")) == SYNCING


async def test_findings_that_nobody_reads_any_more_cost_nothing_that_is_known() -> None:
    hub, costing = OnPaper(cells(100)), Costing()
    await told(hub, costing)
    hub.time += 24 * HOUR
    assert isinstance(await told(hub, costing), CostEstimate)
    hub.time += 1
    assert "more than a day ago" in cast("str", await told(hub, costing))


@pytest.mark.parametrize(
    ("known", "config", "says"),
    [
        ({"second_version": True}, {}, "replaces that of checks"),
        ({"second_version": None}, {}, "allow securityhub:DescribeSecurityHubV2"),
        ({"setup": None}, {}, "allow securityhub:DescribeSecurityHubV2"),
        ({"partition": "aws-cn"}, {}, "aws-cn are not known here"),
        ({"second_version": True, "partition": "aws-cn"}, {"prices": {}}, "replaces that of checks"),
    ],
)
async def test_what_cannot_be_known_is_absent_and_says_why(
    known: dict[str, Any], config: dict[str, Any], says: str
) -> None:
    hub = OnPaper(cells(100), **known)
    found = await told(hub, config=Config.model_validate(config))
    assert isinstance(found, str)
    assert says in found
    assert hub.looks == 0
    costing, before = Costing(), PostureTargetStatus()
    status = await in_status(costing, before, hub, Config.model_validate(config))
    assert status.estimated_cost is not None
    assert status.estimated_cost.to_api() == {"message": found, "standards": []}
    assert costing.told is None
    assert await in_status(costing, status, hub, Config.model_validate(config)) is status


async def test_who_is_scored_by_rules_of_config_reads_no_checks() -> None:
    hub = OnPaper(cells(100))
    by_rules = admitted(source={"configRules": {"names": ["a"]}}, products=["Config"])
    assert "securityStandards" in cast("str", await told(hub, admission=by_rules))
    assert hub.looks == 0


async def test_prices_that_are_written_hold_in_any_partition() -> None:
    written = Config.model_validate({"prices": {}})
    assert isinstance(await told(OnPaper(cells(1), partition="aws-us-gov"), config=written), CostEstimate)


async def test_without_findings_of_its_own_a_replica_says_nothing() -> None:
    hub = OnPaper(cells(100))
    assert await told(hub, scores=RestoredScores("score_ratio", None, {}, {}, NOW)) == SYNCING
    hub.status = HubStatus()
    assert await told(hub) == SYNCING


async def test_the_status_tells_the_standards_that_save_the_most_first() -> None:
    found = [cells(n, standard=f"{name}/v/1")[0] for name, n in (("a", 10), ("b", 20), ("c", 10))]
    found = [each._replace(check=each.check._replace(control=f"S3.{n}")) for n, each in enumerate(found)]
    costing, hub = Costing(), OnPaper(found)
    status = await in_status(costing, PostureTargetStatus(), hub)
    told = status.estimated_cost
    assert told is not None
    assert (told.checks, told.ingestion, told.message) == (1.22, None, None)
    assert [(each.standard, each.saved) for each in told.standards] == [
        ("b/v/1", 0.61),
        ("a/v/1", 0.3),
        ("c/v/1", 0.3),
    ]
    assert costing.told is not None
    # Whoever may not look at the hub any more is told nothing of it.
    refused = await costing.with_cost(
        status, admit({"metadata": {}, "spec": {}}, Config()), None, None, Config()
    )
    assert refused.estimated_cost is None
    assert cast("Any", costing.told) is None
