"""Puts back what an entry wrote: each thing that is still as it was written, and nothing else."""

import logging
from collections.abc import Callable, Iterable

from posture.api.remediation import Remediation
from posture.aws.client.errors import AwsError, Throttled
from posture.domain.exceptions.policy import namespace_of
from posture.domain.grants import Builtin, Mode, NotGranted, may_use_identity
from posture.domain.remediation.journal import State
from posture.domain.remediation.recovery import Step
from posture.domain.text import counted
from posture.domain.time import datetime_of
from posture.hubs.hub import Hub
from posture.reconcile.context import Context
from posture.remediation.actions.contract import Action, ChangedSince, Refused, outcome_is_unknown
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.entries import Change, JournalEntry
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.moves import Moves, action_named, session_of
from posture.remediation.member import MemberWriter, OutOfTime

logger = logging.getLogger(__name__)


class Undoing:
    """Undoes for the entries of one hub; `seconds_left`: see `Executor`. Methods raise KubeError."""

    def __init__(
        self,
        context: Context,
        hub: Hub,
        journal: RemediationJournal,
        accounts: Accounts,
        moves: Moves,
        *,
        seconds_left: Callable[[], float],
    ) -> None:
        self._context = context
        self._hub = hub
        self._journal = journal
        self._accounts = accounts
        self._moves = moves
        self._seconds_left = seconds_left

    async def restore(self, entry: JournalEntry, step: Step) -> JournalEntry | None:
        """Put back what was before the sub-writes of a step; None: not now.

        What protects people stands before it, whatever has become of the rule: writes that are frozen, the
        grants, the Lease, and another remediation of the resource that goes on.
        """
        remediation, action, left = entry.remediation, action_named(entry), self._seconds_left()
        if remediation is None or action is None or left <= 0:
            return None
        refusal = self._why_not(entry, remediation, action)
        if self._context.config.current().frozen or self._context.writers.yields(namespace_of(entry.name)):
            return None
        if refusal is not None:
            await self._moves.stand(entry, f"{refusal.message}: {refusal.advice}", None)
            return None
        now, resource = self._hub.now(), entry.entry.resource
        if await self._moves.gives_way(entry):
            return None
        fields = {"attempts": (entry.entry.attempts or 0) + 1, "started_at": datetime_of(now)}
        message = f"{counted(len(step.subs), 'thing is', 'things are')} put back as before."
        self._moves.answered.discard(entry.uid)
        entry = await self._journal.change(entry, Change(State.UNDOING, message, now, fields), within=left)
        writer = self._accounts.writer(
            namespace_of(entry.name),
            resource,
            remediation.spec.role_name,
            session=session_of(entry),
            seconds_left=self._seconds_left,
        )
        return await self._put_back(entry, action, writer, reversed(step.subs))

    async def _put_back(
        self, entry: JournalEntry, action: Action, writer: MemberWriter, places: Iterable[int]
    ) -> JournalEntry | None:
        try:
            await writer.reach()
            for place in places:
                await action.undo(writer, entry.entry.resource, entry.subs[place])
        except OutOfTime:
            return None
        except ChangedSince as changed:
            return await self._moves.finish(entry, State.FAILED, f"Not undone: {changed}.")
        except Refused as refused:
            return await self._moves.finish(entry, State.FAILED, f"Not undone: {refused.message}.")
        except AwsError as error:
            if outcome_is_unknown(error) or isinstance(error, Throttled):
                logger.warning("Undoing %s is looked at again: %s", entry.name, error)
                return entry
            return await self._moves.finish(entry, State.FAILED, f"Not undone: {error}")
        except Exception:
            logger.exception("Undoing %s failed unexpectedly (a bug in the operator)", entry.name)
            return entry
        self._moves.answered.add(entry.uid)
        return entry

    def _why_not(self, entry: JournalEntry, remediation: Remediation, action: Action) -> NotGranted | None:
        """Say what the grants lack for an undo: the same as for a write. The rule may be gone."""
        self._context.config.reload_if_changed()
        config, namespace = self._context.config.current(), namespace_of(entry.name)
        identity = may_use_identity(config.granted, namespace, self._hub.key.role_arn)
        if isinstance(identity, NotGranted):
            return identity
        account_id, role_name = entry.entry.resource.account_id, remediation.spec.role_name
        return identity.why_not_remediate(account_id, role_name, Mode.ENFORCE, Builtin(action.name))
