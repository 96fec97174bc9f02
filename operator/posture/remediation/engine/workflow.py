"""The workflow of findings whose resource was put right: RESOLVED once verified, NEW if it fails again.

Security Hub keeps what a customer set as long as the compliance status stays the same (user guide, "Workflow
status"): a finding that fails again before it was checked would stay RESOLVED for ever.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from posture.aws.securityhub.client import NoteUpdate, SecurityHub
from posture.domain.exceptions.notes import AUTHOR, MAX_NOTE
from posture.domain.findings import Compliance, Finding, FindingId, RecordState, Workflow
from posture.domain.remediation.candidates import FindingName
from posture.remediation.engine.entries import JournalEntry
from posture.remediation.engine.findings import read_named

MARK = "posture.dev/remediation"
"""User-defined field of a finding that was set to RESOLVED: the remediation, as namespace/name."""
_OPEN = frozenset({Workflow.NEW, Workflow.NOTIFIED})
_Group: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]


class FindingsWorkflow:
    """Writes workflows for one hub. `seconds_left`: how long a write may last now; 0: none may be made.

    Methods raise AwsError, and return False where they may not write now.
    """

    def __init__(self, cloud: SecurityHub, seconds_left: Callable[[], float]) -> None:
        self._cloud = cloud
        self._seconds_left = seconds_left

    async def resolve(self, entry: JournalEntry) -> bool:
        """Set the findings of a remediation that was verified to RESOLVED, as far as they are open."""
        found = await read_named(self._cloud, _names(entry))
        opened = [
            each
            for each in found.values()
            if _fails(each) and each.workflow in _OPEN and each.record_state is RecordState.ACTIVE
        ]
        return await self._write(
            entry, opened, Workflow.RESOLVED, f"Remediated, and verified live: remediation {entry.name}."
        )

    async def reopen(self, entry: JournalEntry, since: int | None, why: str) -> bool | None:
        """Set those of its findings to NEW that we set to RESOLVED and that fail.

        `since`: µs, only by a copy that is newer. None where there are none.
        """
        found = await read_named(self._cloud, _names(entry))
        again = [
            each
            for each in found.values()
            if _fails(each)
            and each.workflow is Workflow.RESOLVED
            and dict(each.user_fields).get(MARK) == entry.name
            and (since is None or each.updated_at > since)
        ]
        if not again:
            return None
        return await self._write(entry, again, Workflow.NEW, why)

    async def _write(
        self, entry: JournalEntry, findings: Iterable[Finding], workflow: Workflow, note: str
    ) -> bool:
        groups: defaultdict[_Group, list[FindingId]] = defaultdict(list)
        for each in findings:
            # Whether given pairs are merged into those there is not documented: the whole map is written.
            fields = {**dict(each.user_fields), MARK: entry.name}
            groups[_noted(note, each), tuple(sorted(fields.items()))].append(
                FindingId(each.product_arn, each.id)
            )
        for (text, pairs), names in groups.items():
            left = self._seconds_left()
            if left <= 0:
                return False
            update = await self._cloud.batch_update_findings(
                names,
                workflow=workflow,
                note=NoteUpdate(text, AUTHOR),
                user_fields=dict(pairs),
                within=left,
            )
            if update.unprocessed:
                return False
        return True


def _names(entry: JournalEntry) -> Sequence[FindingName]:
    if entry.remediation is None:
        return ()
    spec = entry.remediation.spec
    return [FindingName(each.product_arn, each.id, each.control) for each in spec.findings or (spec.finding,)]


def _fails(finding: Finding) -> bool:
    return finding.compliance is not Compliance.PASSED


def _noted(text: str, finding: Finding) -> str:
    """Return our note, with the one that it takes the place of."""
    before = finding.note
    if not before or finding.note_by == AUTHOR:
        return text[:MAX_NOTE]
    whole = f"{text} Before: {before}"
    return whole if len(whole) <= MAX_NOTE else whole[: MAX_NOTE - 1] + "…"
