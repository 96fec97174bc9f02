"""What a plan of 50 rules costs beside one of 50 policies that select the same, and what the loop feels."""

import asyncio
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.isolation import alone
from bench.lag import lag_meanwhile
from bench.policies import TARGET, declaration
from bench.policies_drawn import PLACED, selections
from bench.policies_held import NOW, Held, hold
from bench.row import Aim, Row
from bench.sides import Samples, cpu_seconds, in_turns, middle
from posture.aws.securityhub.discovery import HubFacts
from posture.config.model import Config
from posture.domain.grants import IdentityGrant, Mode
from posture.domain.remediation.collecting import Selecting
from posture.domain.remediation.journal import Journal
from posture.domain.remediation.limits import Limits
from posture.domain.remediation.plan import Plan
from posture.domain.remediation.resources import WorksOn
from posture.domain.remediation.rule import ActionSaid, Rule
from posture.domain.selection.selectors import Selection
from posture.domain.standards import Controls
from posture.domain.time import DAY
from posture.reconcile.access import Admitted, admit
from posture.reconcile.scope import HubView
from posture.remediation.declared import RuleTerms
from posture.remediation.planning import Moment, plan_of
from posture.remediation.policies import Policies
from posture.remediation.survey import Asked, Survey
from posture.sources.findings_view import FindingsView
from posture.store.sqlite.store import Store
from posture.suppression.findings.following import Following

_RULES = 50
_REPETITIONS = 3
_POLL = 300 * 1_000_000
_ROLE = "arn:aws:iam::111122223333:role/posture-reader"
_FIRST, _PLANS, _POLICIES = "first", "rules", "policies"


class _Measured(NamedTuple):
    samples: Samples
    late: float
    candidates: int


def measure(findings: int) -> list[Row]:
    """Survey and plan from the store; then once more beside a loop that ticks."""
    measured = alone(_sample, findings)
    cpu = middle(measured.samples)
    return [
        Row(
            measure="rules",
            what=f"CPU of a plan of {_RULES} rules with {measured.candidates:,} candidates, from the store",
            unit="s",
            ours=cpu[_PLANS],
            beside=cpu[_POLICIES],
            beside_is=f"a plan of {_RULES} policies that select the same",
            aim=Aim("ratio", "<=", 2),
            samples=tuple(measured.samples[_PLANS]),
        ),
        Row(
            measure="rules",
            what="The same for the first time in an hour, when what the controls check is counted too",
            unit="s",
            ours=cpu[_FIRST],
            beside=cpu[_PLANS],
            beside_is="the plans after it",
            samples=tuple(measured.samples[_FIRST]),
        ),
        Row(
            measure="rules",
            what=f"Worst lag of the loop while {_RULES} rules are surveyed and planned",
            unit="s",
            ours=measured.late,
            aim=Aim("ours", "<=", 0.05),
        ),
    ]


def _sample(findings: int) -> _Measured:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        store = Store.open(Path(directory) / "hub.sqlite", owner="bench").store
        held = hold(findings, store)
        drawn = selections(_RULES, held.open, held.groups, kinds=PLACED)
        view = FindingsView(store)
        hub, asked = _hub(held), _asked(drawn, held)
        survey = Survey()
        _planned(survey, view, hub, asked)
        sides = {
            _PLANS: lambda: cpu_seconds(partial(_planned, survey, view, hub, asked)),
            _FIRST: lambda: cpu_seconds(partial(_planned, Survey(), view, hub, asked)),
            _POLICIES: lambda: cpu_seconds(
                partial(Following(view).plan, declaration(drawn, held.groups), NOW, _POLL)
            ),
        }
        samples = in_turns(sides, _REPETITIONS)
        late = asyncio.run(_late(survey, view, hub, asked))
        plans = _planned(survey, view, hub, asked)
        candidates = sum(sum(each.totals.values()) for each in plans.values())
        store.close()
    return _Measured(samples, late, candidates)


async def _late(survey: Survey, view: FindingsView, hub: HubView, asked: Asked) -> float:
    async with lag_meanwhile() as lags:
        await asyncio.to_thread(_planned, survey, view, hub, asked)
    return max(lags.own)


def _planned(survey: Survey, view: FindingsView, hub: HubView, asked: Asked) -> Mapping[str, Plan]:
    picture = survey.look(view, hub, asked, NOW, _POLL)
    moment = Moment(NOW, NOW, Journal(()))
    return {name: plan_of(surveyed, moment, {}) for name, surveyed in picture.rules.items()}


def _hub(held: Held) -> HubView:
    facts = HubFacts(
        account_id="111122223333",
        region="eu-west-1",
        administrator=True,
        administrator_id=None,
        aggregation_region="eu-west-1",
        finding_format="SECURITY_CONTROL",
        standards=(),
        members=dict.fromkeys(held.groups),
        central_configuration=False,
        missing=(),
        partition="aws",
        standards_known=False,
    )
    standards = {each for finding in held.open for each in finding.check.standards}
    return HubView(facts, Controls({}), {}, {}, frozenset(standards))


def _asked(drawn: Mapping[str, Selection], held: Held) -> Asked:
    standards = sorted({each for finding in held.open for each in finding.check.standards})
    grant = {
        "namespaces": ["security"],
        "roleArns": [_ROLE],
        "accounts": ["*"],
        "verbs": ["Score", "Remediate"],
    }
    config = Config.model_validate({"grants": [grant]})
    admitted = admit(
        {
            "metadata": {"name": "organization", "namespace": "security", "uid": "t", "generation": 1},
            "spec": {
                "aws": {"region": "eu-west-1", "roleArn": _ROLE},
                "source": {"securityStandards": {"standards": standards}},
                "grouping": {"accountNamePattern": "^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$"},
            },
        },
        config,
    )
    if not isinstance(admitted, Admitted):
        raise TypeError(f"the target is not evaluated: {admitted.trouble.message}")
    types = frozenset(resource.type for finding in held.open for resource in finding.resources)
    identity = IdentityGrant("security", _ROLE, config.granted)
    rules = {
        name: RuleTerms(
            TARGET,
            Rule(
                name,
                name,
                ActionSaid("builtin", "s3-account-block-public-access"),
                "posture-remediation",
                Limits(10, 50, 10, 2, 3, 30 * DAY),
                DAY,
                mode=Mode.DRY_RUN,
            ),
            Selecting(selection, WorksOn(types)),
            None,
            identity,
        )
        for name, selection in drawn.items()
    }
    return Asked({TARGET: admitted}, rules, Policies({}, {}))
