"""A hub over an aggregator of AWS Config: scores are the oracle's, and a gap is told, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from posture.aws.client.limiter import Limiters
from posture.cli.check.result import CheckStatus
from posture.cli.check.targets import check_aggregator
from posture.domain.findings import Workflow
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.time import microseconds
from posture.hubs.hub import Hub
from posture.reconcile.access import Admitted
from posture.remediation.member import Aws
from posture.sources.findings_view import FindingsView
from posture.store.records import CustomerWrite, key_of
from sandbox.config.state import Status
from tests.support.hubs.config_world import (
    ALONE,
    KEY,
    OTHER,
    PACK,
    RULES,
    by_packs,
    by_rules,
    config_hub,
    demand,
    evaluated,
    fail_for,
    right,
    seed_config,
    set_to,
    suppress,
    told,
    whole_name,
)
from tests.support.hubs.living import WINDOW, Changes, living
from tests.support.hubs.world import ADMINISTRATOR, MEMBERS, REGION, REGIONS, World

FIRST = MEMBERS[0]


@pytest.fixture
def rules(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CONFIG_SERVICE", world.server.url)
    seed_config(world)
    for account in (ADMINISTRATOR, *MEMBERS):
        # So that packs differ in their numbers everywhere.
        set_to(world, whole_name(world, RULES[0], OTHER, account=account), "NON_COMPLIANT", account=account)
    return world


@asynccontextmanager
async def exact(hub: Hub, *targets: Admitted) -> AsyncIterator[Changes]:
    """A hub that lives, from its first moment on."""
    hub.ask([demand(each) for each in targets])
    hub.know_turned_off({})
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact_at is not None)
        yield changes


async def polled(hub: Hub, changes: Changes) -> None:
    """Wait for a poll that began just now."""
    ticket = hub.request_poll()
    await changes.until(lambda: hub.exact_since(ticket))


async def seen(hub: Hub, admitted: Admitted) -> Evaluation:
    found = await evaluated(hub, admitted)
    assert found is not None
    return found.evaluation


async def test_packs_and_rules_are_scored_as_the_oracle_does(rules: World, tmp_path: Path) -> None:
    for account in MEMBERS:
        set_to(rules, whole_name(rules, RULES[2], account=account), "NON_COMPLIANT", account=account)
    set_to(rules, whole_name(rules, RULES[1], account=FIRST), "INSUFFICIENT_DATA", account=FIRST)
    set_to(rules, ALONE[0], "NON_COMPLIANT", account=FIRST)
    targets = [by_packs(PACK), by_packs(OTHER), by_packs(PACK, OTHER), by_rules(*ALONE), by_rules("none")]
    targets.append(by_packs(PACK, accounts={"include": ["*"], "exclude": [FIRST]}))
    hub = config_hub(rules, tmp_path)
    async with exact(hub, *targets):
        for each in targets:
            assert told(await seen(hub, each), each) == right(rules, each), each.target.spec.source
        assert (await seen(hub, by_packs(PACK))).reporting == tuple(sorted((ADMINISTRATOR, *MEMBERS)))


async def test_the_worst_rules_are_those_that_fail_in_the_most_places(rules: World, tmp_path: Path) -> None:
    one = by_packs(PACK)
    for account in MEMBERS:
        set_to(rules, whole_name(rules, RULES[2], account=account), "NON_COMPLIANT", account=account)
    set_to(rules, whole_name(rules, RULES[0], account=FIRST), "NON_COMPLIANT", account=FIRST)
    hub = config_hub(rules, tmp_path)
    async with exact(hub, one):
        found = await evaluated(hub, one)
        assert found is not None
        assert found.failed is not None
        worst = [(each.control, each.failed, each.accounts) for each in found.failed.worst]
        assert worst == [(RULES[2], 2, 2), (RULES[0], 1, 1)]
        assert not found.failed.failed


async def test_a_place_that_the_aggregator_has_not_read_hides_what_contains_it(
    rules: World, tmp_path: Path
) -> None:
    whole, part = by_packs(PACK), by_packs(PACK, accounts={"exclude": [FIRST]})
    aggregator = next(iter(rules.emulator.config.aggregators.values()))
    hub = config_hub(rules, tmp_path)
    async with exact(hub, whole, part) as changes:
        aggregator.statuses[FIRST, REGIONS[1]] = Status("OUTDATED", 1)
        await polled(hub, changes)
        found = await seen(hub, whole)
        assert found.incomplete == {FIRST: (REGIONS[1],)}
        assert told(found, whole) == right(rules, whole, unread=[FIRST])
        assert not found.controls
        assert not (await seen(hub, part)).incomplete
        assert told(await seen(hub, part), part) == right(rules, part)
        aggregator.statuses.clear()
        await polled(hub, changes)
        assert told(await seen(hub, whole), whole) == right(rules, whole)


async def test_a_rule_is_lifted_when_all_that_it_fails_for_is_suppressed(
    rules: World, tmp_path: Path
) -> None:
    one = by_packs(PACK)
    name = whole_name(rules, RULES[0], account=FIRST)
    many = fail_for(rules, name, "one", "two", "three", account=FIRST)
    assert many == 3
    hub = config_hub(rules, tmp_path)
    async with exact(hub, one) as changes:
        before = right(rules, one)
        assert told(await seen(hub, one), one) == before
        suppress(rules, name, account=FIRST, most=many - 1)
        await polled(hub, changes)
        assert told(await seen(hub, one), one) == before
        assert suppress(rules, name, account=FIRST) == many
        await polled(hub, changes)
        lifted = right(rules, one, [(FIRST, name)])
        assert lifted["target"].aws != before["target"].aws
        assert lifted["target"].unsuppressed == before["target"].unsuppressed
        assert told(await seen(hub, one), one) == lifted
        # However old the findings are: Config does not send them again.
        rules.pass_time_everywhere(rules.client(), 40 * 24 * 3_600_000_000)
        suppress(rules, name, account=FIRST, workflow="NEW", most=1)
        await polled(hub, changes)
        assert told(await seen(hub, one), one) == before


async def test_what_would_be_suppressed_shows_before_it_is(rules: World, tmp_path: Path) -> None:
    one = by_packs(PACK)
    name = whole_name(rules, RULES[0], account=FIRST)
    fail_for(rules, name, "one", account=FIRST)
    hub = config_hub(rules, tmp_path)

    def suppressed(findings: FindingsView) -> None:
        (found,) = [each for each in findings.rows.findings() if each.title == name]
        key = key_of(found.product_arn, found.id)
        findings.record([CustomerWrite(key, workflow=Workflow.SUPPRESSED)], hub.now())

    def show(findings: FindingsView) -> None:
        findings.publish(hub.now(), [microseconds(WINDOW)], {})

    async with exact(hub, one):
        assert told(await seen(hub, one), one) == right(rules, one)
        await hub.look(suppressed)
        await hub.look_again()
        await hub.look(show)
        assert told(await seen(hub, one), one) == right(rules, one, [(FIRST, name)])


async def test_a_poll_that_finds_nothing_new_scores_nothing(rules: World, tmp_path: Path) -> None:
    one = by_packs(PACK)
    hub = config_hub(rules, tmp_path)
    async with exact(hub, one) as changes:
        await polled(hub, changes)
        version = hub.status.version
        await polled(hub, changes)
        assert hub.status.version == version
        set_to(rules, whole_name(rules, RULES[0], account=FIRST), "NON_COMPLIANT", account=FIRST)
        await polled(hub, changes)
        assert hub.status.version > version


async def test_a_restart_goes_on_from_what_is_stored(rules: World, tmp_path: Path) -> None:
    one = by_packs(PACK, OTHER)
    set_to(rules, whole_name(rules, RULES[1], account=FIRST), "NON_COMPLIANT", account=FIRST)
    hub = config_hub(rules, tmp_path)
    async with exact(hub, one):
        before = told(await seen(hub, one), one)
    # The packs have the same numbers now: who told them apart before still can.
    for name in RULES[1:]:
        for account in (ADMINISTRATOR, *MEMBERS):
            set_to(rules, whole_name(rules, name, account=account), "INSUFFICIENT_DATA", account=account)
    set_to(rules, whole_name(rules, RULES[0], account=FIRST), "NON_COMPLIANT", account=FIRST)
    hub = config_hub(rules, tmp_path)
    hub.ask([demand(one)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact_at is not None)
        first = told(await seen(hub, one), one)
        await polled(hub, changes)
        assert first in (before, right(rules, one))
        assert told(await seen(hub, one), one) == right(rules, one)


async def test_without_security_hub_rules_are_scored_all_the_same(rules: World, tmp_path: Path) -> None:
    rules.emulator.organization.hubs.clear()
    one = by_packs(PACK)
    hub = config_hub(rules, tmp_path)
    async with exact(hub, one):
        assert told(await seen(hub, one), one) == right(rules, one)
        assert hub.status.facts is not None
        assert "Security Hub is off" in hub.status.facts.missing[0]


async def test_an_aggregator_that_is_not_there_is_told(rules: World, tmp_path: Path) -> None:
    hub = config_hub(rules, tmp_path, name="mine")
    hub.ask([demand(by_packs(PACK))])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.error is not None)
        assert hub.status.error is not None
        assert hub.status.error.reason == "AggregatorNotFound"
        assert "org" in str(hub.status.error)


async def test_the_aggregator_is_checked(rules: World) -> None:
    aws = Aws(rules._sessions, Limiters(1.0), rules.usage)
    found = await check_aggregator(KEY, aws)
    assert (found.status, found.message) == (CheckStatus.OK, "org: 6 sources are up to date")
    aggregator = next(iter(rules.emulator.config.aggregators.values()))
    aggregator.statuses[FIRST, REGION] = Status("FAILED", 1, "AccessDenied")
    found = await check_aggregator(KEY, aws)
    assert found.status is CheckStatus.WARNING
    assert (
        f"1 of 6 sources are not up to date, such as {FIRST} in {REGION}: FAILED AccessDenied"
        in found.message
    )
    found = await check_aggregator(KEY._replace(aggregator="mine"), aws)
    assert found.status is CheckStatus.FAILED
    assert "org" in found.message


async def test_calls_are_bounded_by_rows(rules: World, tmp_path: Path) -> None:
    one = by_packs(PACK)
    hub = config_hub(rules, tmp_path)
    async with exact(hub, one) as changes:
        await polled(hub, changes)

        def counted() -> int:
            return sum(n for (service, *_), n in rules.usage.requests.items() if service == "config")

        before = counted()
        await polled(hub, changes)
        assert counted() - before <= 6
