"""Evaluates a target over a hub as the operator does, and has the oracle make the same of what is seen."""

from typing import Any

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.aws.securityhub.client import SecurityHub
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.standards import Controls
from posture.hubs.demand import HubKey
from posture.reconcile.access import Admitted
from posture.reconcile.scope import chosen_standards, view_of
from tests.component.hubs.conftest import OpenSync
from tests.support import oracle
from tests.support.hubs.world import MINUTE, REGION, World, finding
from tests.support.oracle import product

Place = tuple[str, str]
SPEC: dict[str, Any] = {
    "aws": {"region": REGION},
    "source": {"securityStandards": {"standards": ["*"]}},
    "scoring": {"evaluationWindow": "30h"},
    "grouping": {"defaultEnvironment": "production"},
}


def put(world: World, control: str, place: Place, compliance: str, **changes: Any) -> dict[str, Any]:
    """Load a fresh control finding of a place (account, Region), and return it."""
    account, region = place
    document = finding(
        f"{control}-{compliance}",
        updated_at=world.now(MINUTE),
        account=account,
        region=region,
        control=control,
        compliance=compliance,
    )
    document |= changes
    world.load([document])
    return document


async def evaluated(
    client: SecurityHub, open_sync: OpenSync, seen: list[dict[str, Any]], **changes: Any
) -> Evaluation:
    """Discover, sweep and evaluate a target; `seen`: the findings that the hub shows."""
    spec = SPEC | changes
    document = {"metadata": {"name": "t", "namespace": "ns"}, "spec": spec}
    admitted = Admitted(parse(PostureTarget, document), HubKey(None, None, REGION), ("*",))
    facts = await client.discover()
    sync = await open_sync("Security Hub")
    await sync.sweep()
    assert await sync.poll()
    published, findings = sync.published, sync.context.findings
    assert published is not None
    controls = Controls({standard.name: standard for standard in facts.standards})
    chosen = chosen_standards(admitted.target.spec, facts).all
    view = view_of(admitted, facts, controls, chosen)._replace(names=published.names)
    (window,) = sync.windows
    exact = await sync.context.worker.call(findings.evaluate, view, window)
    assert exact is not None
    hub = {
        "account": facts.account_id,
        "region": facts.region,
        "members": dict(facts.members),
        "standards": {
            each.name: {
                "provider": each.provider,
                "controls": [control._asdict() for control in each.controls.values()],
            }
            for each in facts.standards
        },
    }
    assert product.numbers(exact.evaluation) == oracle.scores(seen, spec, hub, published.exact_at)
    return exact.evaluation
