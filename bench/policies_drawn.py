"""Policies for findings that are there: with all that selectors can say, or what other rules can too."""

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from posture.domain.findings import Finding
from posture.domain.scoring.accounts import Group
from posture.domain.selection.selectors import Selection, Selector

_SEED = 11
# Kinds of policies: those that name controls, and all, of which one names neither control nor account.
PLACED, MIXED = (0, 1, 2, 3, 4, 5, 6, 7, 9), tuple(range(10))


class Rule(NamedTuple):
    """One rule twice: `match_on` as awsfindingsmanagerlib reads it, `selection` as a policy says it."""

    match_on: Mapping[str, Any]
    selection: Selection


def selections(
    count: int, findings: Sequence[Finding], groups: Mapping[str, Group], *, kinds: Sequence[int]
) -> dict[str, Selection]:
    """Return what so many policies select: each something that is there, a fifth with exceptions.

    `findings`: Security Hub's own. `kinds`: of policies, in turns.
    """
    random = Random(_SEED)
    drawn: dict[str, Selection] = {}
    for number in range(count):
        model = random.choice(findings)
        selector = _selector(
            kinds[number % len(kinds)], model, groups[model.account_id], random.choices(findings, k=2)
        )
        without = (Selector(resource_ids=(f"*{random.randrange(10)}",)),) if number % 5 == 0 else ()
        drawn[f"security/policy-{number:03d}"] = Selection((selector,), without)
    return drawn


def _selector(kind: int, model: Finding, group: Group, others: Sequence[Finding]) -> Selector:
    control = model.check.control
    service = control.partition(".")[0]
    accounts = model.account_id, *(other.account_id for other in others)
    resource = model.resources[0]
    if kind < 3:
        return Selector(controls=(control, *(other.check.control for other in others)), accounts=accounts)
    if kind < 5:
        return Selector(
            controls=(f"{service}.*",), workloads=(group.workload,), environments=(group.environment,)
        )
    if kind < 7:
        return Selector(controls=(control,), resource_ids=(f"{resource.id[:-2]}*", f"*{resource.id[-6:]}"))
    if kind == 7:
        return Selector(controls=(control,), standards=model.check.standards, regions=(model.region,))
    if kind == 8:
        return Selector(
            severities=(model.severity.name,),
            resource_types=(resource.type,),
            titles=(f"{model.title[:20]}*",),
        )
    return Selector(
        controls=(f"{service}.?",), tags=tuple((key, (value,)) for key, value in resource.tags[:1])
    )


def rules(count: int, findings: Sequence[Finding], spelled: Mapping[str, str]) -> dict[str, Rule]:
    """Return so many rules that both can say: one control each, and a Region, a title, a resource or a tag.

    `spelled`: controls as AWS spells them, by their upper-cased id.
    """
    random = Random(_SEED)
    drawn = (_rule(number % 5, random.choice(findings), spelled) for number in range(count))
    return {f"security/rule-{number:03d}": rule for number, rule in enumerate(drawn)}


def _rule(kind: int, model: Finding, spelled: Mapping[str, str]) -> Rule:
    own: dict[str, Any] = {}
    selector = Selector(controls=(model.check.control,))
    resource = model.resources[0]
    if kind == 1:
        own["regions"] = [model.region]
        selector = selector._replace(regions=(model.region,))
    elif kind == 2:
        own["title"] = model.title
        selector = selector._replace(titles=(model.title,))
    elif kind == 3:
        start = resource.id[:-1]
        own["resource_id_regexps"] = [f"^{re.escape(start)}"]
        selector = selector._replace(resource_ids=(f"{start}*",))
    elif kind == 4 and resource.tags:
        key, value = resource.tags[0]
        own["tags"] = [{"key": key, "value": value}]
        selector = selector._replace(tags=((key, (value,)),))
    own["security_control_id"] = spelled[model.check.control]
    return Rule(own, Selection((selector,)))
