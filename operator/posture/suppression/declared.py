"""A SuppressionPolicy as it is declared: what it says, as the rules take it, and what stands in its way."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from posture.admission import Admitted, NotAdmitted
from posture.api.resource import InvalidObject, parse, read_status
from posture.api.selector import Selector as DeclaredSelector
from posture.api.suppression_policy import (
    DeletionPolicy,
    SuppressionPolicy,
    SuppressionPolicySpec,
    SuppressionPolicyStatus,
)
from posture.config import Config
from posture.domain.grants import Grant, NotGranted, Verb, may_use_identity
from posture.domain.moments import instant_of
from posture.domain.selectors import Selection, Selector
from posture.domain.suppression import Phase, Policy, Terms, is_too_long, phase
from posture.kube.resources import Object
from posture.logs import bound
from posture.target_conditions import Trouble, defect

logger = logging.getLogger(__name__)

_MICROSECOND = timedelta(microseconds=1)

Admissions = Mapping[str, tuple[Object, Admitted | NotAdmitted]]
"""Every target by namespace/name: its document, and whether it is evaluated."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One policy and its target.

    `policy` and `terms` are None where the object cannot be read. `admitted`: its target, where that is
    evaluated. `trouble`: why nothing new is done for it.
    """

    document: Object
    policy: SuppressionPolicy | None
    terms: Terms | None
    admitted: Admitted | None
    trouble: Trouble | None

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
        stalled = self.trouble is not None or suspended
        return phase(terms, now, longest=longest, stalled=stalled)

    def at(self, now: int, longest: int) -> Policy | None:
        """Give the policy as it stands at a moment; `longest`: how far away its end may be (both µs)."""
        if self.policy is None or self.terms is None or self.policy.spec.suppress_findings is None:
            return None
        declared = self.policy.spec.suppress_findings
        return Policy(
            terms=self.terms,
            phase=self.stands(self.terms, now, longest),
            scope=self.scope,
            selection=Selection(
                tuple(_selector(each) for each in declared.match),
                tuple(_selector(each) for each in declared.exceptions),
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


def declare(document: Object, admissions: Admissions, config: Config, now: int) -> Declared:
    """Read one policy as the API server gives it; `now` in µs. A defect is the trouble of that one alone."""
    try:
        return _declare(document, admissions, config, now)
    except Exception as error:
        with bound(policy=name_of(document), target=target_name_of(document)):
            logger.exception("The SuppressionPolicy cannot be followed, by a defect of the operator")
        return Declared(document, None, None, None, defect(error))


def _declare(document: Object, admissions: Admissions, config: Config, now: int) -> Declared:
    try:
        policy = parse(SuppressionPolicy, document)
    except InvalidObject as error:
        return Declared(document, None, None, None, Trouble("InvalidSpec", str(error)))
    terms = _terms(document, policy.spec)
    _, admission = admissions.get(target_name_of(document), (None, None))
    admitted = admission if isinstance(admission, Admitted) else None
    trouble = _trouble(policy, terms, admission, config, now)
    return Declared(document, policy, terms, admitted, trouble)


def is_suppressing(document: Object) -> bool:
    """Tell whether a SuppressionPolicy suppresses findings, and does not turn off controls."""
    return "disableControls" not in document.get("spec", {})


def name_of(document: Object) -> str:
    """Return namespace/name of an object."""
    return f"{document['metadata']['namespace']}/{document['metadata']['name']}"


def target_name_of(document: Object) -> str:
    """Return namespace/name of the target that a policy refers to."""
    name = document.get("spec", {}).get("targetRef", {}).get("name", "")
    return f"{document['metadata']['namespace']}/{name}"


def deleted_at(document: Object) -> int | None:
    """Return when the deletion of an object was asked for, µs; None: it was not."""
    deleted = document["metadata"].get("deletionTimestamp")
    return None if deleted is None else instant_of(datetime.fromisoformat(deleted))


def _trouble(
    policy: SuppressionPolicy,
    terms: Terms,
    admission: Admitted | NotAdmitted | None,
    config: Config,
    now: int,
) -> Trouble | None:
    if admission is None:
        return Trouble(
            "TargetNotFound",
            f"There is no PostureTarget {policy.spec.target_ref.name} in this namespace: create it. What this"
            " policy suppressed stays as it is.",
        )
    if isinstance(admission, NotAdmitted):
        return Trouble(
            "TargetNotReady",
            f"PostureTarget {policy.spec.target_ref.name} is not evaluated ({admission.trouble.reason}):"
            " see its condition Ready. What this policy suppressed stays as it is.",
        )
    namespace = policy.metadata.namespace
    identity = may_use_identity(config.granted, namespace, admission.hub.role_arn)
    verb = Verb.SUPPRESS if policy.spec.disable_controls is None else Verb.DISABLE_CONTROLS
    refusal = identity if isinstance(identity, NotGranted) else identity.why_not(verb)
    if refusal is not None:
        return Trouble(refusal.reason, f"The {refusal.message}: {refusal.advice}")
    longest = config.max_suppression_age
    if is_too_long(terms, now, longest // _MICROSECOND):
        return Trouble(
            "ExpiresTooLate",
            f"spec.expiresAt is further away than the operator's configuration allows (maxSuppressionAge:"
            f" {_hours(longest)}): write an earlier time.",
        )
    return None


def _hours(duration: timedelta) -> str:
    return f"{duration.total_seconds() / 3600:g}h"


def _terms(document: Object, spec: SuppressionPolicySpec) -> Terms:
    metadata = document["metadata"]
    review = spec.review
    return Terms(
        policy=name_of(document),
        justification=spec.justification,
        approved_by=spec.approved_by,
        expires_at=instant_of(spec.expires_at),
        created_at=instant_of(datetime.fromisoformat(metadata["creationTimestamp"])),
        reference=spec.reference or "",
        mode=spec.mode,
        suspended=spec.suspend,
        deleted_at=deleted_at(document),
        retain=spec.deletion_policy is DeletionPolicy.RETAIN,
        review_interval=None if review is None else review.interval // _MICROSECOND,
        reviewed_at=instant_of(review.reviewed_at) if review and review.reviewed_at else None,
    )


def _selector(declared: DeclaredSelector) -> Selector:
    lists = {name: tuple(getattr(declared, name) or ()) for name in Selector._fields if name != "tags"}
    tags = tuple((key, tuple(values)) for key, values in (declared.tags or {}).items())
    return Selector(**lists, tags=tags)
