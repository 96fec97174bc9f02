"""A SuppressionPolicy as it is declared: what it says, as the rules take it, and what stands in its way."""

from dataclasses import dataclass, replace

from posture.api.conditions import Trouble
from posture.api.resource import InvalidObject, parse, read_status
from posture.api.suppression_policy import SuppressionPolicy, SuppressionPolicyStatus
from posture.config.model import Config
from posture.domain.exceptions.policy import Phase, Policy, Terms, phase
from posture.domain.exceptions.sites import Site
from posture.domain.grants import Grant, NotGranted, Verb, may_use_identity
from posture.domain.remediation.reasons import Reason
from posture.domain.selection.selectors import Selection
from posture.domain.time import microseconds
from posture.hubs.demand import HubKey
from posture.kube.finalizers import deleted_at
from posture.kube.resources import Object, name_of, target_name_of
from posture.reconcile.access import Admitted, NotAdmitted, not_granted
from posture.reconcile.config_source import has_config_source
from posture.reconcile.declared import Admissions, DeclaredKind, admission_of
from posture.suppression.terms import ends_too_late, terms_made_out, terms_of
from posture.suppression.whereabouts import elsewhere_now, sites_of, whereabouts

_KIND = DeclaredKind("SuppressionPolicy", "policy", stays=" What this policy suppressed stays as it is.")


@dataclass(frozen=True, slots=True)
class Declared:
    """One policy and its target.

    `policy` is None where its spec cannot be read; `terms` are then what can be made out of its end, and None
    after a defect. `admitted`: its target, where that is evaluated. `trouble`: why nothing new is done for
    it. `home`: the hub that acts for it and tells of it: its target's, or, where that is not evaluated, one
    in which it is to be undone; None: there is none.
    `elsewhere`: where it has written beside that and still has to be undone. `moved_from`: the hubs of these
    in which it is undone now. `departed`: this is what it is to one of those.
    """

    document: Object
    policy: SuppressionPolicy | None
    terms: Terms | None
    admitted: Admitted | None
    trouble: Trouble | None
    home: HubKey | None = None
    elsewhere: tuple[Site, ...] = ()
    moved_from: tuple[HubKey, ...] = ()
    departed: bool = False

    @property
    def name(self) -> str:
        """Give the policy as namespace/name."""
        return name_of(self.document)

    @property
    def scope(self) -> str:
        """Give its target as namespace/name."""
        return target_name_of(self.document)

    @property
    def suppresses(self) -> bool:
        """Whether it suppresses findings, and does not turn off controls."""
        return is_suppressing(self.document)

    @property
    def status(self) -> SuppressionPolicyStatus:
        """Give its status as it was listed, as far as it can be read; also where its spec cannot."""
        return read_status(SuppressionPolicyStatus, self.document)

    @property
    def deleted_at(self) -> int | None:
        """Give when its deletion was asked for, µs."""
        return deleted_at(self.document)

    def stands(self, terms: Terms, now: int, longest: int) -> Phase:
        """Decide what is to be done at a moment; `longest`: how far away its end may be (both µs).

        Nothing new is done while the target is suspended, even where its hub is asked for others.
        """
        suspended = self.admitted is not None and self.admitted.target.spec.suspend
        stalled = self.trouble is not None or suspended or bool(self.awaited)
        found = phase(terms, now, longest=longest, stalled=stalled)
        return Phase.MOVED if self.departed and found is Phase.ENFORCING else found

    @property
    def awaited(self) -> tuple[Site, ...]:
        """Give where it is undone before anything new is done for it.

        Two Security Hubs can show the same finding (an aggregation Region and a linked one, an administrator
        and its member): what is suppressed in one meanwhile would be reopened in the other, again and again.
        Where it cannot be undone now nobody writes, and nothing waits.
        """
        return () if self.departed else tuple(each for each in self.elsewhere if not each.trouble)

    @property
    def out_of_reach(self) -> tuple[Site, ...]:
        """Give where it has written and cannot be undone now."""
        return tuple(each for each in self.elsewhere if each.trouble)

    def as_departed(self, hub: HubKey) -> "Declared":
        """Give what it is to a hub in which it is undone, while another one acts for it.

        While that one goes on because it cannot be undone here, nothing is done here.
        """
        given_up = next(
            (each for each in self.out_of_reach if each.is_seen_by(hub.role_arn, hub.region)), None
        )
        trouble = None if given_up is None else Trouble("GivenUp", given_up.trouble)
        return replace(self, home=hub, elsewhere=(), moved_from=(), trouble=trouble, departed=True)

    def seen_from(self, account_id: str) -> "Declared":
        """Give it as a hub of this account has it.

        What the operator's own identity wrote while it was of another account is out of reach.
        """
        home = self.home
        if home is None or home.role_arn is not None or self.departed:
            return self
        lost = tuple(
            each._replace(trouble=elsewhere_now(account_id))
            for each in sites_of(self.document)
            if each.is_seen_by(None, home.region) and each.account_id != account_id
        )
        return replace(self, elsewhere=(*self.elsewhere, *lost)) if lost else self

    def at(self, now: int, longest: int) -> Policy | None:
        """Give the policy as it stands at a moment; `longest`: how far away its end may be (both µs)."""
        if self.terms is None or not self.suppresses:
            return None
        if self.policy is None:
            # What it selects is not known: it takes on nothing, and holds what it has until its end.
            phase_now = self.stands(self.terms, now, longest)
            return Policy(self.terms, phase_now, self.scope, Selection((), ()), max_findings=0)
        declared = self.policy.spec.suppress_findings
        if declared is None:
            return None
        return Policy(
            terms=self.terms,
            phase=self.stands(self.terms, now, longest),
            scope=self.scope,
            selection=Selection(
                tuple(each.plain() for each in declared.match),
                tuple(each.plain() for each in declared.exceptions),
            ),
            max_findings=declared.max_findings,
        )


@dataclass(frozen=True, slots=True)
class MayWrite:
    """Whether findings of an account may be suppressed for a namespace, as the hub's identity."""

    grants: tuple[Grant, ...]
    role_arn: str | None

    def __call__(self, namespace: str, account_id: str) -> bool:
        """Ask the grants of the namespace; what it may not see it may not write to."""
        identity = may_use_identity(self.grants, namespace, self.role_arn)
        return not isinstance(identity, NotGranted) and identity.why_not(Verb.SUPPRESS, account_id) is None


def declare_policy(document: Object, admissions: Admissions, config: Config, now: int) -> Declared:
    """Read one policy as the API server gives it; `now` in µs. A defect is the trouble of that one alone."""
    return _KIND.read(
        document,
        lambda: _declare(document, admissions, config, now),
        lambda trouble: Declared(document, None, None, None, trouble),
    )


def _declare(document: Object, admissions: Admissions, config: Config, now: int) -> Declared:
    admission = admission_of(document, admissions)
    admitted = admission if isinstance(admission, Admitted) else None
    try:
        policy = parse(SuppressionPolicy, document)
    except InvalidObject as error:
        invalid = Trouble("InvalidSpec", f"{error}")
        unread = Declared(
            document,
            None,
            terms_made_out(name_of(document), document, deleted_at(document)),
            admitted,
            invalid,
        )
        return _located(unread, config, now)
    terms = terms_of(name_of(document), document, policy.spec, deleted_at(document))
    trouble = _trouble(policy, terms, admission, config, now)
    return _located(Declared(document, policy, terms, admitted, trouble), config, now)


def _located(declared: Declared, config: Config, now: int) -> Declared:
    """Say which hubs act for a policy."""
    key = None if declared.admitted is None else declared.admitted.hub
    longest = microseconds(config.max_suppression_age)
    acts = declared.terms is not None and declared.stands(declared.terms, now, longest) is not Phase.FROZEN
    verb = Verb.SUPPRESS if declared.suppresses else Verb.DISABLE_CONTROLS
    found = whereabouts(declared.document, key, verb, config.granted, acts=acts)
    return replace(declared, home=found.home, elsewhere=found.elsewhere, moved_from=found.moved_from)


def is_suppressing(document: Object) -> bool:
    """Tell whether a SuppressionPolicy suppresses findings, and does not turn off controls."""
    return "disableControls" not in document.get("spec", {})


def _trouble(
    policy: SuppressionPolicy,
    terms: Terms,
    admission: Admitted | NotAdmitted | None,
    config: Config,
    now: int,
) -> Trouble | None:
    if not isinstance(admission, Admitted):
        return _KIND.without_target(policy.spec.target_ref.name, admission)
    namespace = policy.metadata.namespace
    identity = may_use_identity(config.granted, namespace, admission.hub.role_arn)
    verb = Verb.SUPPRESS if policy.spec.disable_controls is None else Verb.DISABLE_CONTROLS
    refusal = identity if isinstance(identity, NotGranted) else identity.why_not(verb)
    if refusal is not None:
        return not_granted(refusal)
    if policy.spec.disable_controls is not None and has_config_source(admission.target.spec):
        return Trouble(
            Reason.NOT_SUPPORTED,
            "disableControls turns off controls of Security Hub's standards, and the target is scored by"
            " rules of AWS Config: use suppressFindings, or a target with securityStandards.",
        )
    return ends_too_late(terms, now, config.max_suppression_age)
