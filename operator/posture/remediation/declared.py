"""A RemediationRule as it is declared: what it says, as the rules take it, and what stands in its way."""

import json
from dataclasses import dataclass
from hashlib import sha256

from posture.api.conditions import Trouble
from posture.api.remediation_rule import Approval, RemediationRule, RemediationRuleSpec
from posture.api.resource import InvalidObject, parse
from posture.api.schedule import Window
from posture.config.model import Config
from posture.domain.grants import AskedDocument, Builtin, IdentityGrant, NotGranted, may_use_identity
from posture.domain.remediation.automation import AutomationSaid, fixed_values
from posture.domain.remediation.collecting import Selecting
from posture.domain.remediation.limits import Limits
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import WorksOn
from posture.domain.remediation.rule import ActionSaid, OptOutTag, Rule
from posture.domain.selection.selectors import Selection
from posture.domain.time import microseconds
from posture.hubs.demand import HubKey
from posture.kube.resources import Object, name_of, target_name_of
from posture.reconcile.access import Admitted, not_granted
from posture.reconcile.config_source import has_config_source
from posture.reconcile.declared import Admissions, DeclaredKind, admission_of
from posture.remediation.actions.registry import chosen_builtin
from posture.remediation.witnesses import witnessed

_KIND = DeclaredKind("RemediationRule", "rule", or_else=", or delete this rule")
_DIGITS = 32


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What a rule says that can be planned.

    `target`: namespace/name. `automation`: the document that is to be run; None: the action is a builtin.
    """

    target: str
    rule: Rule
    selecting: Selecting
    window: Window | None
    identity: IdentityGrant
    automation: AutomationSaid | None = None

    def why_not(self, account_id: str | None) -> NotGranted | None:
        """Say what is not granted in an account, or, without one, in all of them; None: the action is.

        Of a document as far as the rule alone tells; who owns it is asked where it would run.
        """
        rule = self.rule
        for action in _asked_of(rule.action, self.automation):
            refusal = self.identity.why_not_remediate(account_id, rule.role_name, rule.mode, action)
            if refusal is not None:
                return refusal
        return None


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """One rule and its target.

    `rule` is None where the object cannot be read. `admitted`: its target, where that is evaluated. `terms`:
    what is to be planned; None where `trouble` says why nothing is.
    """

    document: Object
    rule: RemediationRule | None = None
    admitted: Admitted | None = None
    terms: RuleTerms | None = None
    trouble: Trouble | None = None

    @property
    def name(self) -> str:
        """Give the rule as namespace/name."""
        return name_of(self.document)

    @property
    def target(self) -> str:
        """Give its target as namespace/name."""
        return target_name_of(self.document)

    @property
    def acts(self) -> bool:
        """Whether it may write, and is to: it can be planned, it enforces, and nobody has suspended it."""
        going = self.admitted is not None and not self.admitted.target.spec.suspend
        return going and self.terms is not None and self.terms.rule.acts

    @property
    def hub(self) -> HubKey | None:
        """Give the hub whose findings it is about; None: there is none."""
        return None if self.admitted is None else self.admitted.hub


def declare_rule(document: Object, admissions: Admissions, config: Config) -> DeclaredRule:
    """Read one rule as the API server gives it; a defect is the trouble of that one alone."""
    return _KIND.read(
        document,
        lambda: _declare(document, admissions, config),
        lambda trouble: DeclaredRule(document, trouble=trouble),
    )


def _declare(document: Object, admissions: Admissions, config: Config) -> DeclaredRule:
    admission = admission_of(document, admissions)
    admitted = admission if isinstance(admission, Admitted) else None
    try:
        rule = parse(RemediationRule, document)
    except InvalidObject as error:
        return DeclaredRule(document, admitted=admitted, trouble=Trouble("InvalidSpec", str(error)))
    if not isinstance(admission, Admitted):
        trouble = _KIND.without_target(rule.spec.target_ref.name, admission)
        return DeclaredRule(document, rule, trouble=trouble)
    found = _terms(rule, admission, config)
    if isinstance(found, Trouble):
        return DeclaredRule(document, rule, admission, trouble=found)
    return DeclaredRule(document, rule, admission, terms=found)


def _terms(rule: RemediationRule, admitted: Admitted, config: Config) -> RuleTerms | Trouble:
    spec, namespace = rule.spec, rule.metadata.namespace
    if has_config_source(admitted.target.spec):
        return Trouble(
            Reason.NOT_SUPPORTED,
            "Actions work on findings of Security Hub's controls, and the target is scored by rules of AWS"
            " Config: let the rule name a target with securityStandards.",
        )
    action = _action(rule)
    if isinstance(action, Trouble):
        return action
    said, works_on = action
    identity = may_use_identity(config.granted, namespace, admitted.hub.role_arn)
    if isinstance(identity, NotGranted):
        return not_granted(identity)
    automation = spec.action.ssm_automation
    terms = RuleTerms(
        target=f"{namespace}/{spec.target_ref.name}",
        rule=_plain(rule, said, config),
        selecting=Selecting(
            Selection(
                tuple(each.plain() for each in spec.match), tuple(each.plain() for each in spec.exceptions)
            ),
            works_on,
        ),
        window=spec.window,
        identity=identity,
        automation=None if automation is None else automation.plain(),
    )
    refusal = terms.why_not(None)
    return terms if refusal is None else not_granted(refusal)


def _digest(spec: RemediationRuleSpec) -> str:
    """Return what changes where a rule selects, spares or does something else."""
    said = spec.model_dump(
        mode="json", include={"match", "exceptions", "opt_out", "identity", "action"}, exclude_defaults=True
    )
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def _plain(rule: RemediationRule, action: ActionSaid, config: Config) -> Rule:
    """Return a rule as its plan takes it."""
    spec, limits = rule.spec, rule.spec.limits
    return Rule(
        name=f"{rule.metadata.namespace}/{rule.metadata.name}",
        uid=rule.metadata.uid,
        digest=_digest(spec),
        action=action,
        role_name=spec.identity.role_name,
        limits=Limits(
            per_cycle=limits.per_cycle,
            per_day=limits.per_day,
            percent=limits.percent,
            concurrent=limits.concurrent,
            per_resource=limits.per_resource.max,
            within=microseconds(limits.per_resource.per),
        ),
        delay=microseconds(spec.delay),
        mode=spec.mode,
        suspended=spec.suspend,
        needs_approval=spec.approval is Approval.REQUIRED,
        opt_out=(
            *(OptOutTag(tag.key, tag.values) for tag in config.opt_out_tags),
            *(OptOutTag(tag.key, tag.values) for tag in spec.opt_out.tags),
        ),
    )


def _asked_of(action: ActionSaid, automation: AutomationSaid | None) -> tuple[Builtin | AskedDocument, ...]:
    """Return all that must be granted for an action."""
    if automation is None:
        return (Builtin(action.name),)
    documents = (automation.document, *((automation.undo,) if automation.undo is not None else ()))
    return tuple(AskedDocument(each.name, fixed_values(each)) for each in documents)


def _action(rule: RemediationRule) -> tuple[ActionSaid, WorksOn] | Trouble:
    """Return the action that a rule names, with parameters that it takes, and what it works on."""
    automation = rule.spec.action.ssm_automation
    if automation is not None:
        document = automation.plain().document
        return ActionSaid("ssmAutomation", *document), witnessed()
    builtin = rule.spec.action.builtin
    if builtin is None:
        raise ValueError("a rule's action has exactly one of its fields")
    action = chosen_builtin(builtin)
    if isinstance(action, Trouble):
        return action
    given = builtin.parameters
    said = ActionSaid("builtin", action.name, "", tuple((name, (given[name],)) for name in sorted(given)))
    return said, action.works_on
