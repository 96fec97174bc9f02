"""SSM Automation documents as actions: what a rule asks for, what is sent, and what a run's status means.

Parameters are texts in which `{{ name }}` stands for a fact about the resource or its finding. Nothing is
evaluated: a name is replaced by a text, once, and what that text says is not read again. Automation itself
reads `{{ssm:…}}` in values (Systems Manager user guide, "Working with Parameter Store parameters"), so no
value with `{{` leaves here.

Sources: Systems Manager API reference, StartAutomationExecution, GetAutomationExecution, DescribeDocument.
"""

import json
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from hashlib import sha256
from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid5

from posture.domain.arns import partition_of
from posture.domain.remediation.reasons import Outcome, Reason
from posture.domain.remediation.resources import ACCOUNT, ResourceKey

NAMES = (
    "finding.control",
    "finding.id",
    "resource.accountId",
    "resource.id",
    "resource.name",
    "resource.partition",
    "resource.region",
    "resource.type",
)
"""What may stand between braces."""
UNDO_NAMES = (*NAMES, "execution.id")
"""The same for an undo, which knows the run that it undoes."""
NOT_FOUND = "NotFound"
"""Stands for a status where Automation knows of no such run: not yet, or not any longer (30 days)."""
MAX_VALUE = 512
"""Characters of a value of a parameter."""
AUTOMATION = "Automation"
"""Type of a document that can be run so (`DocumentType`)."""

_TOLD = 600
_BRACES = "{{"
_NAME = re.compile(r"\{\{ *([A-Za-z.]+) *\}\}", re.ASCII)
_IAM = "iam"
_LOGS_OF_A_GROUP = ":*"


ParameterValues: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""The values of each parameter of a document, sorted by its name."""


class DocumentSaid(NamedTuple):
    """A document, pinned to one version, with its parameters as the rule writes them, sorted by name."""

    name: str
    version: str
    parameters: ParameterValues = ()


class AutomationSaid(NamedTuple):
    """What a rule wants run. `timeout`: µs that a run may take. `undo`: what takes it back; None: nothing."""

    document: DocumentSaid
    timeout: int
    undo: DocumentSaid | None = None


class RunSubject(NamedTuple):
    """What a run is about: facts that the journal keeps, so that they are the same after a crash.

    `execution_id`: the run that is undone; empty for a first run.
    """

    resource: ResourceKey
    finding_id: str
    control: str
    execution_id: str = ""


class DocumentRun(NamedTuple):
    """A run as it is sent: the same document, version, parameters and token whenever it is sent again."""

    document: str
    version: str
    parameters: ParameterValues
    token: str


class DocumentParameter(NamedTuple):
    """A parameter as DescribeDocument tells of it."""

    name: str
    is_list: bool
    required: bool


class DescribedDocument(NamedTuple):
    """A document as DescribeDocument tells of it in the resource's account and Region."""

    name: str
    owner: str
    version: str
    kind: str
    active: bool
    parameters: tuple[DocumentParameter, ...]


class RunPhase(Enum):
    """How far a run is."""

    GOING = "going"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    # By somebody, perhaps by us.
    STOPPED = "stopped"
    LOST = "lost"


_PHASES: Mapping[str, RunPhase] = {
    "Success": RunPhase.SUCCEEDED,
    "CompletedWithSuccess": RunPhase.SUCCEEDED,
    "Failed": RunPhase.FAILED,
    "CompletedWithFailure": RunPhase.FAILED,
    "TimedOut": RunPhase.FAILED,
    "Rejected": RunPhase.FAILED,
    "Exited": RunPhase.FAILED,
    "ChangeCalendarOverrideRejected": RunPhase.FAILED,
    "Cancelled": RunPhase.STOPPED,
    NOT_FOUND: RunPhase.LOST,
}


class RunProgress(NamedTuple):
    """What GetAutomationExecution tells of a run.

    `status`: AWS's word. `message`: AWS's, where it failed. `ended_at`: µs, by AWS's clock.
    """

    status: str
    document: str
    version: str
    message: str = ""
    step: str = ""
    ended_at: int | None = None

    @property
    def phase(self) -> RunPhase:
        """Say how far it is. A status that is not known is none of an end: AWS adds to them."""
        return _PHASES.get(self.status, RunPhase.GOING)

    @property
    def says(self) -> str:
        """Tell people in one line."""
        where = f" at step {self.step}" if self.step else ""
        why = f": {self.message}" if self.message else ""
        return f"{self.document} version {self.version} is {self.status}{where}{why}"


class NotFilled(Exception):  # noqa: N818 - the name says what happened
    """A parameter cannot be given a value for this resource. The message says which, and what to do."""


def facts_of(subject: RunSubject) -> Mapping[str, str]:
    """Return what each name stands for; names without a fact are left out."""
    resource = subject.resource
    facts = {
        "finding.control": subject.control,
        "finding.id": subject.finding_id,
        "resource.accountId": resource.account_id,
        "resource.id": resource.id,
        "resource.name": name_in_calls(resource),
        "resource.partition": resource.partition,
        "resource.region": resource.region,
        "resource.type": resource.type,
        "execution.id": subject.execution_id,
    }
    return {name: fact for name, fact in facts.items() if fact}


def name_in_calls(resource: ResourceKey) -> str:
    """Name a resource as the calls of its service mostly do: by what follows the type in its ARN.

    `sg-0123` of `…:security-group/sg-0123`, `logs` of `arn:aws:s3:::logs`, `a/b` of `…:repository/a/b`, and
    of what IAM keeps the last part, as paths are no part of a name. Of an account its id.
    """
    if resource.type == ACCOUNT:
        return resource.account_id
    if not partition_of(resource.id):
        return resource.id
    _, _, service, _, _, last = resource.id.split(":", 5)
    if service == _IAM:
        return last.rsplit("/", 1)[-1]
    kind = re.match(r"[^:/]*[:/]", last)
    return last[kind.end() :].removesuffix(_LOGS_OF_A_GROUP) if kind else last


def names_in(document: DocumentSaid) -> frozenset[str]:
    """Return the names that stand between braces in a document's parameters."""
    return frozenset(
        found[1] for _, values in document.parameters for value in values for found in _NAME.finditer(value)
    )


def fixed_values(document: DocumentSaid) -> Mapping[str, tuple[str, ...]]:
    """Return the parameters with those of their values that are the same for all resources."""
    return {
        name: tuple(value for value in values if _BRACES not in value) for name, values in document.parameters
    }


def fill(document: DocumentSaid, facts: Mapping[str, str]) -> ParameterValues:
    """Return the parameters for one resource, sorted by name. Raises NotFilled."""
    return tuple(
        (name, tuple(_filled(name, value, facts) for value in values))
        for name, values in sorted(document.parameters)
    )


def _filled(parameter: str, template: str, facts: Mapping[str, str]) -> str:
    parts, end = [], 0
    for found in _NAME.finditer(template):
        fact = facts.get(found[1])
        if fact is None:
            raise NotFilled(f"parameter {parameter}: there is no {found[1]} for this resource")
        parts += [template[end : found.start()], fact]
        end = found.end()
    value = "".join((*parts, template[end:]))
    if _BRACES in value:
        raise NotFilled(f"parameter {parameter}: {value!r} has braces that Automation would read as a name")
    if not 0 < len(value) <= MAX_VALUE:
        raise NotFilled(
            f"parameter {parameter}: its value has {len(value)} characters, 1 to {MAX_VALUE} are possible"
        )
    return value


def token_of(uid: str, *, undo: bool) -> str:
    """Return the ClientToken for an entry of the journal, by its uid: a crash cannot start a run twice.

    Raises ValueError for what is no uid of Kubernetes.
    """
    return str(uuid5(UUID(uid), "undo" if undo else "run"))


def run_of(document: DocumentSaid, subject: RunSubject, uid: str) -> DocumentRun:
    """Return a document's run for one entry of the journal. Raises NotFilled, ValueError."""
    filled = fill(document, facts_of(subject))
    return DocumentRun(
        document.name, document.version, filled, token_of(uid, undo=bool(subject.execution_id))
    )


def why_not_run(document: DocumentSaid, described: DescribedDocument) -> Outcome | None:
    """Say why a document, as it is described where it would run, cannot be run so. None: it can.

    Whether its owner is granted is the grants' to say.
    """
    if described.kind != AUTOMATION:
        return _unfit(document, f"is of type {described.kind}, not {AUTOMATION}: name another document")
    if described.version != document.version:
        return _unfit(document, f"was described as version {described.version}")
    if not described.active:
        return _unfit(document, "is not active: wait for it, or name another version")
    known = {each.name: each for each in described.parameters}
    given = dict(document.parameters)
    if unknown := sorted(given.keys() - known.keys()):
        return _unfit(document, f"has no parameter {_listed(unknown)}; it has {_listed(sorted(known))}")
    if missing := sorted(name for name, each in known.items() if each.required and name not in given):
        return _unfit(document, f"needs parameter {_listed(missing)}")
    several = sorted(name for name, values in given.items() if len(values) != 1 and not known[name].is_list)
    if several:
        return _unfit(document, f"takes one value of parameter {_listed(several)}")
    return None


def _unfit(document: DocumentSaid, why: str) -> Outcome:
    return Outcome(Reason.NOT_SUPPORTED, f"Document {document.name} version {document.version} {why}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def write_of(document: DocumentSaid, filled: ParameterValues, resource: ResourceKey) -> str:
    """Say in words what a run does: all that an approval approves, up to 1,000 characters.

    Of more the rest is told by a digest, so that other parameters are another write.
    """
    said = "; ".join(f"{name}={', '.join(values)}" for name, values in filled)
    if len(said) > _TOLD:
        said = f"{said[:_TOLD]}… (SHA-256 {sha256(json.dumps(filled).encode()).hexdigest()})"
    with_them = f" with {said}" if said else ""
    return (
        f"runs {document.name} version {document.version}{with_them} in account {resource.account_id} and"
        f" {resource.region}"
    )
