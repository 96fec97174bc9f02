"""One Security Hub, from the identity to facts about it: read once, whatever number of targets look at it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from posture.aws.client.errors import AwsError
from posture.aws.client.sessions import Identity
from posture.cli.check import facts, facts_elsewhere, setup
from posture.cli.check.asking import ACTIVE, ARCHIVED, EXPOSURES, HubCalls, equals
from posture.cli.check.asking_elsewhere import read_aggregator, read_suppressions
from posture.cli.check.result import (
    CheckStatus,
    Judgement,
    needed_call_failed,
    ok,
    optional_call_failed,
    unknown,
)
from posture.cli.check.setup import Answer
from posture.domain.setup.accounts import judge_members
from posture.domain.setup.judgements import judge_hub_setup
from posture.domain.setup.recorders import judge_recorders
from posture.domain.setup.results import SetupCheck, SetupResult
from posture.hubs.demand import HubKey
from posture.remediation.member import Aws

IDENTITY, ROLE = "identity", "role"
SETUP_CHECKS = tuple(setup.check_name(each) for each in SetupCheck if each is not SetupCheck.HUB)
HUB_CHECKS = (IDENTITY, ROLE, "region", "hub", "findings", "controls", *SETUP_CHECKS)
"""The checks of a hub that are about no single target, in order."""
FACT_CHECKS = tuple(
    f"fact/{name}"
    for name in (
        "sort-order", "page-size", "date-filter", "part-of-a-text", "case", "note-filter", "note-keeps-time",
        "token-of-another-query", "update-window",
        "archived-by-default", "archival-updates", "insight-order", "v2-exposures", "v2-suppression",
        "aggregator-accounts", "organization-rule-name",
        *facts.BEYOND_READING,
    )
)  # fmt: skip
_ARCHIVED_LOOKED_AT = 3


class CheckedHub(NamedTuple):
    """What was found, by check. `enabled`: GetEnabledStandards; None: the hub could not be asked.

    `accounts`: whose findings are seen, itself included; None: not known. `finding`: one to ask about.
    `setup`: how the hub is set up, part by part.
    """

    verdicts: Mapping[str, Judgement]
    calls: HubCalls
    account_id: str | None = None
    enabled: Answer | None = None
    accounts: frozenset[str] | None = None
    finding: Mapping[str, Any] | None = None
    setup: Mapping[SetupCheck, SetupResult] = {}

    @property
    def why_not(self) -> str:
        """Say which check ended it; empty where the hub answers."""
        found = (name for name, each in self.verdicts.items() if each.status is CheckStatus.FAILED)
        return "" if self.enabled is not None else next(found, "the hub")


async def read_hub(aws: Aws, key: HubKey) -> CheckedHub:
    """Check a hub; what depends on something that failed is unknown."""
    calls = HubCalls(aws, Identity(key.role_arn, key.external_id, key.region))
    verdicts: dict[str, Judgement] = {}
    account_id = await _identity(aws, key, calls, verdicts)
    if account_id is None:
        return CheckedHub(_rest_unknown(verdicts), calls)
    hub = await calls.ask("DescribeHub")
    verdicts["region"] = setup.judge_region(hub, key.region)
    verdicts["hub"] = setup.judge_hub(hub, account_id, key.region)
    if isinstance(hub, AwsError):
        return CheckedHub(_rest_unknown(verdicts), calls, account_id)
    latest = await calls.findings(ACTIVE, order="desc")
    verdicts["findings"] = judgement_of(setup.judge_findings, latest)
    enabled = await calls.ask("GetEnabledStandards")
    verdicts["controls"] = judgement_of(setup.judge_controls, *await calls.controls(enabled))
    read = await calls.setup(hub)
    found = [
        *judge_hub_setup(read.setup, account_id, key.region, str(hub.get("ControlFindingGenerator", ""))),
        judge_members(read.setup),
        judge_recorders(read.setup, await calls.recorders()),
    ]
    results: dict[SetupCheck, SetupResult] = {
        each.check: each for each in found if each.check is not SetupCheck.HUB
    }
    verdicts |= {setup.check_name(check): setup.judgement_of_setup(each) for check, each in results.items()}
    verdicts |= await _facts(aws, calls, latest, read.setup.second_version)
    return CheckedHub(
        verdicts,
        calls,
        account_id,
        enabled,
        None if read.members is None else frozenset({account_id, *read.members}),
        next(iter(_found(latest)), None),
        results,
    )


def judgement_of(judge: Callable[..., Judgement], *answers: Any) -> Judgement:  # noqa: ANN401 - what the judge takes
    """Judge answers; those that are not as they are documented tell nothing."""
    try:
        return judge(*answers)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return unknown(f"the answer is not as AWS documents it ({type(error).__name__}: {error})")


async def _identity(aws: Aws, key: HubKey, calls: HubCalls, verdicts: dict[str, Judgement]) -> str | None:
    """Find out who asks, and whether the role can be assumed; None where it cannot."""
    own = await HubCalls(aws, Identity(None, None, key.region)).account()
    if isinstance(own, AwsError):
        verdicts[IDENTITY] = needed_call_failed(own)
        return None
    verdicts[IDENTITY] = ok(f"this process has credentials of account {own}")
    if key.role_arn is None:
        verdicts[ROLE] = ok("no role is named: this process's own identity is used")
        return own
    account = await calls.account()
    if isinstance(account, AwsError):
        verdicts[ROLE] = needed_call_failed(account)
        return None
    with_id = "with an external id" if key.external_id else "without an external id"
    verdicts[ROLE] = ok(f"{key.role_arn} can be assumed, {with_id}")
    return account


def _rest_unknown(verdicts: dict[str, Judgement]) -> Mapping[str, Judgement]:
    ended = next(name for name, each in verdicts.items() if each.status is CheckStatus.FAILED)
    rest = unknown(f"not asked: it depends on {ended}")
    return verdicts | {name: rest for name in (*HUB_CHECKS, *FACT_CHECKS) if name not in verdicts}


async def _facts(aws: Aws, calls: HubCalls, latest: Answer, v2_on: bool | None) -> dict[str, Judgement]:  # noqa: FBT001 - three-valued
    """Probe each fact with the fewest calls; all of them read."""
    if isinstance(latest, AwsError):
        return dict.fromkeys(FACT_CHECKS, unknown("not asked: it depends on findings"))
    token = await calls.token_of_another_query()
    times = [str(each["UpdatedAt"]) for each in _found(latest) if each.get("UpdatedAt")]
    noted = await calls.noted()
    exposures = await calls.findings(EXPOSURES, MaxResults=1) if v2_on else None
    suppressions = await read_suppressions(calls) if v2_on else None
    aggregator = await read_aggregator(aws, calls.identity)
    found = {
        "sort-order": judgement_of(facts.judge_sorting, await calls.findings(ACTIVE, order="asc"), latest),
        "page-size": facts.judge_refusal(
            await calls.too_large_a_page(), "GetFindings refuses a page of more than 100"
        ),
        "date-filter": facts.judge_refusal(
            await calls.half_a_window("2026-01-01T00:00:00Z"),
            "a date filter with a start and no end is refused",
        ),
        "part-of-a-text": facts.judge_refusal(
            await calls.part_of_a_title(), "a filter by a part of a text (CONTAINS) is refused"
        ),
        "case": await _case(calls, latest),
        "note-filter": judgement_of(facts.judge_note_filter, noted),
        "note-keeps-time": judgement_of(facts.judge_notes, noted),
        "token-of-another-query": unknown("there is no second page to ask for with another query")
        if token is None
        else facts.judge_refusal(token, "a NextToken is refused with another query than its own"),
        "update-window": await _window(calls, times),
        **await _archived(calls),
        "insight-order": judgement_of(facts.judge_insight, await calls.insight()),
        "v2-exposures": facts.judge_exposures(v2_on=v2_on, answer=exposures),
        "v2-suppression": judgement_of(
            partial(facts_elsewhere.judge_suppressions, v2_on=v2_on, found=suppressions)
        ),
        "aggregator-accounts": judgement_of(facts_elsewhere.judge_sources, aggregator.sources),
        "organization-rule-name": judgement_of(facts_elsewhere.judge_rule_names, aggregator.rules),
        **facts.BEYOND_READING,
    }
    return {f"fact/{name}": verdict for name, verdict in found.items()}


async def _case(calls: HubCalls, latest: Answer) -> Judgement:
    known = next((str(each["Id"]) for each in _found(latest)), "")
    if not known or known.swapcase() == known:
        return unknown("there is no finding whose Id could be spelled in another case")
    return judgement_of(facts.judge_case, known, await calls.findings({"Id": equals(known.swapcase())}))


async def _window(calls: HubCalls, times: Sequence[str]) -> Judgement:
    if not times:
        return unknown("there is no finding whose time could be asked for")
    start, end = times[-1], times[0]
    answer = await calls.findings({**ACTIVE, "UpdatedAt": [{"Start": start, "End": end}]})
    return judgement_of(facts.judge_window, answer, start, end)


async def _archived(calls: HubCalls) -> dict[str, Judgement]:
    # The oldest: of those that were updated last some were archived soon after, and would tell nothing.
    page = await calls.findings(ARCHIVED, order="asc", MaxResults=_ARCHIVED_LOOKED_AT)
    if isinstance(page, AwsError):
        return dict.fromkeys(("archived-by-default", "archival-updates"), optional_call_failed(page))
    archived = _found(page)
    if not archived:
        none = unknown("there is no archived finding to look at")
        return {"archived-by-default": none, "archival-updates": none}
    ids = [str(each["Id"]) for each in archived]
    again = await calls.findings({"Id": [entry for each in ids for entry in equals(each)]})
    now = calls.now()
    histories = [(str(each["UpdatedAt"]), await calls.history(each, now)) for each in archived]
    return {
        "archived-by-default": judgement_of(facts.judge_archived, ids, again),
        "archival-updates": judgement_of(facts.judge_archival, histories),
    }


def _found(page: Answer) -> Sequence[Mapping[str, Any]]:
    """Return the findings of a page that have what they are asked for by."""
    if isinstance(page, AwsError):
        return ()
    needed = ("Id", "ProductArn", "UpdatedAt")
    return [each for each in page.get("Findings", ()) if all(each.get(name) for name in needed)]
