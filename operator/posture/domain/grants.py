"""What a namespace may reach: identities, accounts, verbs. Nothing is allowed that is not granted.

A grant is one sentence: whoever is in *these* namespaces may, as *these* identities, do *these* things to
*these* accounts. Several grants add up sentence by sentence: the accounts of one are never combined with the
verbs or roles of another.

Globs: `*` is any run of characters, `?` is one. In a role's ARN neither crosses `:` or `/`, so that
`arn:aws:iam::*:role/posture-*` means any account but no path below `role/`: whoever may create roles under
some path cannot make one that a shorter glob lets in. A path is granted by writing it:
`arn:aws:iam::*:role/teams/*/posture-*`.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Literal, Protocol, TypeAlias

from posture.domain.arns import is_role_arn, is_role_name
from posture.domain.selection.selectors import globs

# RFC 1123 label: what Kubernetes takes as the name of a namespace.
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_AMAZON = "Amazon"


class Verb(Enum):
    """What may be done to an account."""

    SCORE = "Score"
    SUPPRESS = "Suppress"
    DISABLE_CONTROLS = "DisableControls"
    REMEDIATE = "Remediate"


class Mode(StrEnum):
    """Whether a policy or a rule writes, or only tells what it would write."""

    ENFORCE = "Enforce"
    DRY_RUN = "DryRun"


class Expression(Protocol):
    """A compiled regular expression of the administrator, of an engine that ends whatever it is."""

    def fullmatch(self, text: str, /) -> object | None:
        """Match the whole of a text; None: it does not."""


@dataclass(frozen=True, slots=True)
class DocumentGrant:
    """An SSM document by its exact name and owner (`Amazon`, or an account id, as DescribeDocument says).

    `parameters`: the parameters that may be given, each with an expression that the whole of every value must
    match. One that is not named may not be given.
    """

    name: str
    owner: str
    parameters: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemediationGrant:
    """How to remediate."""

    role_names: tuple[str, ...] = ()
    """Globs."""
    max_mode: Mode | None = None
    """None: not even a dry run."""
    builtins: tuple[str, ...] = ()
    """Globs."""
    documents: tuple[DocumentGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant of the configuration file. A field that is left empty grants nothing."""

    namespaces: tuple[str, ...] = ()
    """Globs."""
    ambient_identity: bool = False
    role_arns: tuple[str, ...] = ()
    """Globs."""
    external_id: str | None = field(default=None, repr=False)
    accounts: tuple[str, ...] = ()
    """Globs."""
    verbs: frozenset[Verb] = frozenset()
    disable_controls_role_names: tuple[str, ...] = ()
    """Globs."""
    remediation: RemediationGrant = RemediationGrant()
    queues: tuple[str, ...] = ()
    """Globs of ARNs."""

    def covers(self, verb: Verb, account_id: str) -> bool:
        """Whether this one grant lets the verb be done to the account."""
        return (
            verb in self.verbs and bool(_ACCOUNT.fullmatch(account_id)) and globs(self.accounts)(account_id)
        )


@dataclass(frozen=True, slots=True)
class NotGranted:
    """A refusal: what is not granted, and the entry that would grant it, to be pasted below `grants:`."""

    message: str
    line: str
    reason: Literal["NotGranted"] = "NotGranted"

    @property
    def advice(self) -> str:
        """Say what to do about it."""
        return f"add below grants in the operator's configuration: {self.line}"


@dataclass(frozen=True, slots=True)
class Builtin:
    """A builtin action that a rule wants to use."""

    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """An SSM document that a rule wants to run. `owner` is what DescribeDocument says, not the rule."""

    name: str
    owner: str
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """The same as far as the rule alone tells: that it is granted lets it be planned, and never run.

    `parameters`: those of their values that are the same for all resources.
    """

    name: str
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)


ActionAsked: TypeAlias = Builtin | Document | AskedDocument


@dataclass(frozen=True, slots=True)
class IdentityGrant:
    """What a namespace may do as one identity: the grants that name both."""

    namespace: str
    role_arn: str | None
    grants: tuple[Grant, ...]

    @property
    def external_id(self) -> str | None:
        """Give the external id to assume the role with: that of the first grant that has one."""
        if self.role_arn is None:
            return None
        return next((grant.external_id for grant in self.grants if grant.external_id), None)

    def external_id_in(self, account_id: str, verb: Verb = Verb.REMEDIATE) -> str | None:
        """Give the external id to assume a role in an account with, so that it does there what is granted."""
        covering = (grant for grant in self.grants if grant.external_id and grant.covers(verb, account_id))
        return next((grant.external_id for grant in covering), self.external_id)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Give the globs of the accounts that are visible: those of the grants that let them be scored."""
        visible = (
            account for grant in self.grants if Verb.SCORE in grant.verbs for account in grant.accounts
        )
        return tuple(dict.fromkeys(visible))

    def sees(self, account_id: str) -> bool:
        """Whether the account exists at all for this namespace: it is scored, named and counted."""
        return any(grant.covers(Verb.SCORE, account_id) for grant in self.grants)

    def why_not(self, verb: Verb, account_id: str | None = None) -> NotGranted | None:
        """Refuse a verb on an account, or, without an account, on all of them. None: it is granted.

        What is not visible is never written to, whatever else is granted.
        """
        if account_id is None:
            granted = any(verb in grant.verbs and grant.accounts for grant in self.grants)
        else:
            granted = self.sees(account_id) and any(grant.covers(verb, account_id) for grant in self.grants)
        if granted:
            return None
        where = "" if account_id is None else f" to account {account_id}"
        return self._refuse(f"may not do {verb.value}{where}", accounts=[account_id or "*"], verbs=[verb])

    def why_not_listen(self, queue_arn: str) -> NotGranted | None:
        """Refuse to take events from a queue. None: it is granted."""
        scoring = (grant for grant in self.grants if Verb.SCORE in grant.verbs)
        if any(_arn_fits(glob, queue_arn) for grant in scoring for glob in grant.queues):
            return None
        what = f"may not read the queue {queue_arn}"
        return self._refuse(what, accounts=["*"], verbs=[Verb.SCORE], queues=[queue_arn])

    def why_not_disable_controls(self, account_id: str, role_name: str) -> NotGranted | None:
        """Refuse to turn controls off in an account through a role there. None: it is granted."""
        if refusal := self.why_not(Verb.DISABLE_CONTROLS, account_id):
            return refusal
        for grant in self._covering(Verb.DISABLE_CONTROLS, account_id):
            if _names(grant.disable_controls_role_names, role_name):
                return None
        return self._refuse(
            f"may not use role {role_name} to disable controls in account {account_id}",
            accounts=[account_id],
            verbs=[Verb.DISABLE_CONTROLS],
            disableControls={"roleNames": [role_name]},
        )

    def why_not_remediate(
        self, account_id: str | None, role_name: str, mode: Mode, action: ActionAsked
    ) -> NotGranted | None:
        """Refuse an action on an account's resources through a role there. None: it is granted.

        Without an account: on all of them.
        """
        if refusal := self.why_not(Verb.REMEDIATE, account_id):
            return refusal
        for grant in self._covering(Verb.REMEDIATE, account_id):
            allowed = grant.remediation
            if (
                _names(allowed.role_names, role_name)
                and _mode_within(mode, allowed.max_mode)
                and _action_within(action, allowed)
            ):
                return None
        where = "" if account_id is None else f" in account {account_id}"
        return self._refuse(
            f"may not remediate by {action.name} as role {role_name} in mode {mode}{where}",
            accounts=[account_id or "*"],
            verbs=[Verb.REMEDIATE],
            remediation={"roleNames": [role_name], "maxMode": mode.value, **_action_entry(action)},
        )

    def _covering(self, verb: Verb, account_id: str | None) -> Iterable[Grant]:
        if account_id is None:
            return (grant for grant in self.grants if verb in grant.verbs and grant.accounts)
        return (grant for grant in self.grants if grant.covers(verb, account_id))

    def _refuse(self, what: str, *, verbs: Sequence[Verb], **entry: object) -> NotGranted:
        line = _entry(self.namespace, self.role_arn, verbs=[verb.value for verb in verbs], **entry)
        who = "the operator's own identity" if self.role_arn is None else self.role_arn
        return NotGranted(f"namespace {self.namespace} {what} as {who}", line)


def may_use_identity(
    grants: Sequence[Grant], namespace: str, role_arn: str | None
) -> IdentityGrant | NotGranted:
    """Decide whether a namespace may use a role, or (None) the operator's own identity.

    What may be done as that identity is asked of the answer.
    """
    found = tuple(grant for grant in grants if _in(grant, namespace) and _may_be(grant, role_arn))
    if found:
        return IdentityGrant(namespace, role_arn, found)
    what = "the operator's own identity" if role_arn is None else f"role {role_arn}"
    line = _entry(namespace, role_arn, accounts=["*"], verbs=[Verb.SCORE.value])
    return NotGranted(f"namespace {namespace} may not use {what}", line)


def _in(grant: Grant, namespace: str) -> bool:
    return bool(_NAMESPACE.fullmatch(namespace)) and globs(grant.namespaces)(namespace)


def _may_be(grant: Grant, role_arn: str | None) -> bool:
    if role_arn is None:
        return grant.ambient_identity
    return is_role_arn(role_arn) and any(_arn_fits(glob, role_arn) for glob in grant.role_arns)


def _arn_fits(glob: str, arn: str) -> bool:
    """Match part by part, so that no wildcard crosses `:` or `/`."""
    wanted, given = (re.split(r"([:/])", text) for text in (glob, arn))
    return len(wanted) == len(given) and all(
        globs((part,))(value) for part, value in zip(wanted, given, strict=True)
    )


def _names(role_names: tuple[str, ...], role_name: str) -> bool:
    return is_role_name(role_name) and globs(role_names)(role_name)


def _mode_within(mode: Mode, most: Mode | None) -> bool:
    return most is Mode.ENFORCE or (most is Mode.DRY_RUN and mode is Mode.DRY_RUN)


def _action_within(action: ActionAsked, allowed: RemediationGrant) -> bool:
    if isinstance(action, Builtin):
        return globs(allowed.builtins)(action.name)
    return any(_document_within(action, document) for document in allowed.documents)


def _document_within(document: Document | AskedDocument, allowed: DocumentGrant) -> bool:
    if document.name != allowed.name:
        return False
    if isinstance(document, Document) and document.owner != allowed.owner:
        return False
    return all(
        name in allowed.parameters
        and all(allowed.parameters[name].fullmatch(value) is not None for value in values)
        for name, values in document.parameters.items()
    )


def _action_entry(action: ActionAsked) -> dict[str, object]:
    if isinstance(action, Builtin):
        return {"builtins": [action.name]}
    # The expressions are the administrator's to think of: the widest one, to be narrowed.
    parameters = dict.fromkeys(action.parameters, ".*")
    owner = action.owner if isinstance(action, Document) else _AMAZON
    return {"documents": [{"name": action.name, "owner": owner, "parameters": parameters}]}


def _entry(namespace: str, role_arn: str | None, **fields: object) -> str:
    """Write a grant as one line of YAML (its flow style is JSON)."""
    identity = {"ambientIdentity": True} if role_arn is None else {"roleArns": [role_arn]}
    return "- " + json.dumps({"namespaces": [namespace], **identity, **fields}, ensure_ascii=False)
