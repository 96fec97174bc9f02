"""What resources are now: read live as the role that would write, judged, and asked for tags that opt out.

The opt-out fails closed: tags that cannot be read, all of them, are as good as one that opts out.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from posture.api.remediation import MAX_WRITES
from posture.aws.client.errors import AwsError
from posture.config.model import Config
from posture.domain.remediation.automation import RunSubject
from posture.domain.remediation.candidates import FindingName
from posture.domain.remediation.reasons import Outcome, Reason
from posture.domain.remediation.recovery import Live
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Seen, managed_by, opting_out
from posture.domain.text import counted
from posture.remediation.actions.contract import (
    Action,
    LiveState,
    Reader,
    Refused,
    Situation,
    SubWrite,
    Tagged,
    Verdict,
    difference,
    reason_of,
)
from posture.remediation.actions.parameters import ParameterError
from posture.remediation.actions.registry import builtin_actions
from posture.remediation.declared import RuleTerms
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.documents import Whoever, planned_run
from posture.remediation.witnesses import OWNERSHIP, Witness, witness_of

logger = logging.getLogger(__name__)


class Question(NamedTuple):
    """What is asked of a resource.

    `controls`: of its findings, with their parameters that are in force. `finding`: the first of them.
    """

    namespace: str
    terms: RuleTerms
    resource: ResourceKey
    controls: frozenset[str]
    now: int
    finding: FindingName
    parameters: Mapping[str, Sequence[str]] = {}


class LiveLook(NamedTuple):
    """What a look came to: why nothing is to be written, or else each sub-write that would put it right."""

    outcome: Outcome | None
    subs: tuple[SubWrite, ...] = ()
    managed_by: str = ""
    """What made it, and may set it back; empty: nothing that is known."""

    @property
    def seen(self) -> Seen:
        """Give it as the plan takes it."""
        return Seen(self.outcome, tuple(each.summary for each in self.subs), self.managed_by)


class LiveResources:
    """Looks at the resources of one hub."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def look(self, question: Question, config: Config) -> LiveLook:
        """Read a resource, judge it, and read the tags of all that would be touched. Raises nothing."""
        reader = self._accounts.reader(question.namespace, question.resource, question.terms.rule.role_name)
        try:
            action, verdict = await self._verdict(reader, question, config)
        except Refused as refused:
            return LiveLook(Outcome(refused.reason, f"{refused.message}."))
        except AwsError as error:
            return LiveLook(Outcome(reason_of(error), f"It cannot be read: {error}"))
        except Exception as error:
            logger.exception("Reading %s failed unexpectedly (a bug in the operator)", question.resource.name)
            return LiveLook(Outcome(Reason.UNREADABLE, _defect("It", error)))
        if not verdict.wrong:
            return LiveLook(_nothing_to_write(verdict))
        tagged = await self._tags(action, reader, question)
        if isinstance(tagged, Outcome):
            return LiveLook(tagged)
        for each in tagged:
            if tag := opting_out(each.tags, question.terms.rule.opt_out):
                return LiveLook(Outcome(Reason.OPTED_OUT, f"Tag {tag} of {each.resource} opts it out."))
        manager = next(filter(None, (managed_by(each.tags) for each in tagged)), "")
        # What is more is wrong still when these are right, and is another remediation then.
        return LiveLook(None, verdict.wrong[:MAX_WRITES], manager)

    async def _verdict(self, reader: Reader, question: Question, config: Config) -> tuple[Action, Verdict]:
        """Return what is wrong, with the action that tells what tags the resource has."""
        terms, resource = question.terms, question.resource
        protected = await self._accounts.protected(config)
        situation = Situation(question.now, question.controls, question.parameters, protected)
        if terms.automation is None:
            action = builtin_actions()[terms.rule.action.name]
            given = {name: values[0] for name, values in terms.rule.action.parameters if values}
            return action, await judged(action, given, reader, resource, situation)
        witness = witness_of(resource.type, question.controls)
        if witness is None:
            raise Refused(
                Reason.OPT_OUT_UNREADABLE,
                f"Tags of resources of type {resource.type} cannot be read by the operator",
            )
        if await is_right(witness, reader, resource, situation):
            return witness.action, Verdict()
        whoever = Whoever(terms.identity, terms.rule.role_name, terms.rule.mode)
        subject = RunSubject(resource, question.finding.id, question.finding.control)
        return witness.action, Verdict((await planned_run(reader, whoever, terms.automation, subject),))

    async def _tags(self, action: Action, reader: Reader, question: Question) -> Sequence[Tagged] | Outcome:
        """Return the tags of all that would be touched, or that nobody can know them."""
        try:
            return await action.tags(reader, question.resource)
        except Refused as refused:
            gone = refused.reason is Reason.RESOURCE_GONE
            reason = Reason.RESOURCE_GONE if gone else Reason.OPT_OUT_UNREADABLE
            return Outcome(reason, f"{refused.message}.")
        except AwsError as error:
            return Outcome(Reason.OPT_OUT_UNREADABLE, f"Its tags cannot be read: {error}")
        except Exception as error:
            logger.exception(
                "Reading the tags of %s failed unexpectedly (a bug in the operator)", question.resource.name
            )
            return Outcome(Reason.OPT_OUT_UNREADABLE, _defect("Its tags", error))

    async def compare(
        self, action: Action, reader: Reader, resource: ResourceKey, subs: Sequence[SubWrite]
    ) -> tuple[list[Live], LiveState | None, str]:
        """Say how the part of each sub-write is now, with the state that was read.

        And why none was, or what is neither as before nor as after. Raises nothing.
        """
        try:
            state = await action.read(reader, resource)
        except Refused as refused:
            how = Live.GONE if refused.reason is Reason.RESOURCE_GONE else Live.UNKNOWN
            return [how] * len(subs), None, refused.message
        except AwsError as error:
            return [Live.UNKNOWN] * len(subs), None, str(error)
        except Exception as error:
            logger.exception("Reading %s failed unexpectedly (a bug in the operator)", resource.name)
            return [Live.UNKNOWN] * len(subs), None, f"a bug in the operator ({type(error).__name__})"
        lives = [_compared(action, state, each) for each in subs]
        why = [
            f"{difference(sub, state.parts.get(sub.name))}."
            for sub, how in zip(subs, lives, strict=True)
            if how is Live.OTHER
        ]
        return lives, state, " ".join(why)


async def judged(
    action: Action,
    given: Mapping[str, str],
    reader: Reader,
    resource: ResourceKey,
    situation: Situation,
) -> Verdict:
    """Read a resource and judge it, with the parameters that are given. Raises Refused and AwsError."""
    try:
        values = action.configure(given)
    except ParameterError as error:
        raise Refused(Reason.NOT_SUPPORTED, str(error)) from error
    return action.judge(await action.read(reader, resource), values, situation)


async def is_right(witness: Witness, reader: Reader, resource: ResourceKey, situation: Situation) -> bool:
    """Say whether a witness knows a resource to be right.

    Raises Refused where the resource is gone, or whoever has the account is not who may write to it, and
    AwsError.
    """
    if not witness.judges:
        return False
    try:
        verdict = await judged(witness.action, {}, reader, resource, situation)
    except Refused as refused:
        if refused.reason in OWNERSHIP:
            raise
        return False
    return not verdict.wrong and not verdict.spared


def _compared(action: Action, state: LiveState, sub: SubWrite) -> Live:
    if action.verified(state, sub):
        return Live.AFTER
    return Live.BEFORE if state.parts.get(sub.name) == sub.before else Live.OTHER


def _nothing_to_write(verdict: Verdict) -> Outcome:
    if not verdict.spared:
        return Outcome(Reason.ALREADY_COMPLIANT, "It is right already; its findings will say so.")
    first, more = verdict.spared[0], len(verdict.spared) - 1
    others = f" And {counted(more, 'more thing is', 'more things are')} left alone." if more else ""
    return Outcome(first.reason, f"{first.name}: {first.message}.{others}")


def _defect(what: str, error: Exception) -> str:
    return f"{what} cannot be read for a bug in the operator ({type(error).__name__}): nothing is written."
