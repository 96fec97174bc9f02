"""What a rule's document would do to a resource, asked of AWS where it would run, and of the grants."""

from collections.abc import Mapping
from typing import NamedTuple

from posture.domain.grants import Document, IdentityGrant, Mode
from posture.domain.remediation.automation import (
    AutomationSaid,
    DocumentRun,
    DocumentSaid,
    NotFilled,
    ParameterValues,
    RunSubject,
    facts_of,
    fill,
    run_of,
    why_not_run,
    write_of,
)
from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import Reader, Refused, SubWrite
from posture.remediation.automation import describe_document

_ANY_EXECUTION = "00000000-0000-0000-0000-000000000000"
"""Stands for the id of a run that has not been started, where grants are asked about its undo."""


class Whoever(NamedTuple):
    """Who wants a document run: what is granted to them, and the role in the resource's account."""

    identity: IdentityGrant
    role_name: str
    mode: Mode


async def planned_run(
    reader: Reader, whoever: Whoever, said: AutomationSaid, subject: RunSubject
) -> SubWrite:
    """Return what a run would be, in words that say all of it.

    Its undo is looked at too: what cannot be taken back as the rule says is not begun. Raises Refused where
    it cannot be run so, or is not granted with the owner that AWS names, and AwsError.
    """
    filled = await _allowed(reader, whoever, said.document, subject)
    if said.undo is not None:
        undone = subject._replace(execution_id=_ANY_EXECUTION)
        await _allowed(reader, whoever, said.undo, undone)
    return SubWrite(
        name=said.document.name,
        summary=write_of(said.document, filled, subject.resource),
        before=None,
        after=None,
        handle={"version": said.document.version, "parameters": _listed(filled)},
    )


async def allowed_run(
    reader: Reader, whoever: Whoever, document: DocumentSaid, subject: RunSubject, uid: str
) -> DocumentRun:
    """Return a run that is sent now, for the entry of a uid. Raises Refused, AwsError, ValueError."""
    await _allowed(reader, whoever, document, subject)
    return run_of(document, subject, uid)


async def _allowed(
    reader: Reader, whoever: Whoever, document: DocumentSaid, subject: RunSubject
) -> ParameterValues:
    try:
        filled = fill(document, facts_of(subject))
    except NotFilled as error:
        raise Refused(Reason.NOT_SUPPORTED, f"Document {document.name}: {error}") from error
    described = await describe_document(reader, document)
    if unfit := why_not_run(document, described):
        raise Refused(unfit.reason, unfit.message.removesuffix("."))
    asked = Document(document.name, described.owner, dict(filled))
    account_id = subject.resource.account_id
    refusal = whoever.identity.why_not_remediate(account_id, whoever.role_name, whoever.mode, asked)
    if refusal is not None:
        owner = f"Its owner there is {described.owner}"
        raise Refused(Reason.NOT_GRANTED, f"The {refusal.message}. {owner}: {refusal.advice}")
    return filled


def _listed(filled: ParameterValues) -> Mapping[str, list[str]]:
    return {name: list(values) for name, values in filled}
