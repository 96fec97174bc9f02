"""Lambda.1: functions that everybody can call."""

import json

from posture.aws.client.errors import AwsError
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    ChangedSince,
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    Spared,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
    name_after,
    read_or_none,
)
from posture.remediation.actions.lambda_.access import is_of_url, is_public
from posture.remediation.actions.parameters import Parameter, Values, choice
from posture.remediation.actions.policies import lost_principals, meaning_of, read_document, statements_of
from posture.remediation.actions.setting import read_or_gone

_PART = "policy"
_NONE = frozenset({"ResourceNotFoundException"})
_CHANGED = "PreconditionFailedException"


class RemovePublicPolicy(Action):
    """All public statements go in one write, which Lambda refuses if the policy was changed meanwhile.

    (Lambda API, PutResourcePolicy with RevisionId. RemovePermission takes one statement a call, and cannot
    give back all that a policy may say.) Aliases and versions have policies of their own.
    """

    name = "lambda-remove-public-policy"
    controls = frozenset({"Lambda.1"})
    works_on = WorksOn(frozenset({"AwsLambdaFunction"}))
    parameters = (
        Parameter(
            "functionUrls",
            "What becomes of public statements that serve the URL of the function: `Skip` or `Remove`.",
            "Skip",
            choice("Skip", "Remove"),
        ),
    )
    iam = Iam(
        read=("lambda:GetFunctionConfiguration", "lambda:GetResourcePolicy", "lambda:ListTags"),
        write=("lambda:DeleteResourcePolicy", "lambda:PutResourcePolicy"),
        undo=("lambda:PutResourcePolicy",),
    )
    risk = "Whoever calls the function through such a statement alone is refused at once."
    undo_says = "The policy is as before, unless Lambda blocks public policies meanwhile."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return what the policy says (None: there is none), its text and its revision."""
        name = _name(resource)
        request = {"FunctionName": name}
        found = await read_or_gone(reader, "lambda", "GetFunctionConfiguration", request, gone=_NONE)
        if found.get("FunctionArn") != resource.id:
            raise Refused(Reason.UNREADABLE, f"Lambda did not answer with {resource.id}")
        asked = {"ResourceArn": resource.id}
        body = await read_or_none(reader, "lambda", "GetResourcePolicy", asked, none=_NONE)
        if body is None:
            return LiveState({_PART: None}, {"text": None, "revision": None})
        if not body.get("Policy") or not body.get("RevisionId"):
            raise Refused(Reason.UNREADABLE, "Lambda did not answer with the function's policy")
        said = meaning_of(read_document(body["Policy"]))
        return LiveState({_PART: said}, {"text": body["Policy"], "revision": body["RevisionId"]})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the function's tags."""
        _name(resource)
        body = await read_or_gone(reader, "lambda", "ListTags", {"Resource": resource.id}, gone=_NONE)
        if "Tags" not in body:
            raise Refused(Reason.UNREADABLE, "Lambda did not answer with the tags")
        return (Tagged(resource.id, tuple(body["Tags"].items())),)

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Find the statements that let everybody in."""
        del situation
        text = state.about["text"]
        if text is None:
            return Verdict()
        document = read_document(text)
        kept, removed, spared = [], [], []
        for number, statement in enumerate(statements_of(document), 1):
            name = str(statement.get("Sid") or f"statement {number}")
            if not is_public(statement):
                kept.append(statement)
            elif is_of_url(statement) and values["functionUrls"] == "Skip":
                kept.append(statement)
                spared.append(
                    Spared(
                        name,
                        Reason.IN_USE,
                        f"{name} stays: the URL of the function is called through it; set functionUrls to"
                        " Remove to end that",
                    )
                )
            else:
                removed.append(name)
        if not removed:
            return Verdict((), tuple(spared))
        lost = lost_principals(document)
        if lost:
            raise Refused(
                Reason.NOT_SUPPORTED,
                f"The policy names what is there no more ({', '.join(lost)}): it could not be put back as it"
                " is. Take these principals out of it",
            )
        wanted = {**document, "Statement": kept} if kept else None
        handle = {
            "revision": state.about["revision"],
            "before": text,
            "after": None if wanted is None else json.dumps(wanted),
        }
        after = None if wanted is None else meaning_of(wanted)
        summary = f"Remove {', '.join(removed)} from the function's policy"
        return Verdict((SubWrite(_PART, summary, state.parts[_PART], after, handle),), tuple(spared))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Put the policy without these statements, or delete it where it has no others."""
        try:
            await self._put(writer, resource, sub.handle["after"], sub.handle["revision"])
        except AwsError as error:
            if error.code == _CHANGED:
                raise Refused(
                    Reason.PENDING, "The policy was changed meanwhile: it is judged again"
                ) from error
            raise

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Put the text that was there, over the very revision that has what was written."""
        state = await self.read(writer, resource)
        try:
            if state.parts[_PART] == sub.after:
                await self._put(writer, resource, sub.handle["before"], state.about["revision"])
                return
        except AwsError as error:
            if error.code != _CHANGED:
                raise
        raise ChangedSince("The policy was changed meanwhile. Nothing is restored over it")

    async def _put(
        self, writer: Writer, resource: ResourceKey, text: str | None, revision: str | None
    ) -> None:
        request: dict[str, Json] = {"ResourceArn": resource.id}
        if revision is not None:
            request["RevisionId"] = revision
        if text is None:
            await writer.write("lambda", "DeleteResourcePolicy", request)
        else:
            await writer.write("lambda", "PutResourcePolicy", {**request, "Policy": text})


def _name(resource: ResourceKey) -> str:
    name = name_after(resource, "function:")
    if ":" in name:
        raise Refused(Reason.NOT_SUPPORTED, f"{resource.id} is a version or an alias of a function")
    return name


ACTION = RemovePublicPolicy()
