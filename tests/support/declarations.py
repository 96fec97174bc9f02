"""Declarations of policies on one target's view."""

from posture.domain.exceptions.declaration import Declaration, PolicyIdentity, Scope
from posture.domain.exceptions.policy import Phase, Policy, Terms
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import View
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.standards import Controls
from tests.support.rows import FSBP

NOW, INTERVAL = 1_000_000_000, 300_000_000


TARGET, ME = "security/organization", "me"


VIEW = View((FSBP,), Controls({}), AccountFilter(), Grouping(), ("111122223333", "eu-west-1"))


SCOPE = Scope(VIEW.covers, VIEW.controls, {})


def policy(name: str, selector: Selector, phase: Phase = Phase.ENFORCING, **more: int) -> Policy:
    terms = Terms(f"security/{name}", "Because it is accepted", "me@example.com", NOW * 9, 0)
    return Policy(terms, phase, TARGET, Selection((selector,)), more.get("most", 1000))


def declaration(*policies: Policy) -> Declaration:
    return Declaration(policies, {TARGET: SCOPE}, identity=PolicyIdentity(ME), may_write=_anywhere)


def _anywhere(_namespace: str, _account: str) -> bool:
    return True
