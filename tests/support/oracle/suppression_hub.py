"""A Security Hub for histories of suppressions: people, providers and the operator write to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tests.support.oracle.suppression import ADOPTED, OWNER, Record, World


class RefusedError(Exception):
    """The call is refused as a whole."""


@dataclass
class SecurityHub:
    """Findings by id, and how AWS behaves where its documents do not say.

    `merges`: given user-defined fields join those there, or take their place. `refuses_blanks`: a call with
    an empty value. `passing_resolves`: a suppressed finding that passes becomes RESOLVED.
    """

    records: dict[str, Record]
    merges: bool
    refuses_blanks: bool
    passing_resolves: bool

    def person_sets(self, id_: str, workflow: str) -> None:
        """Set Workflow by hand. Whoever suppresses what still bears a mark does what the mark says."""
        record = self.records[id_]
        if record.workflow == workflow:
            return
        record.workflow = workflow
        record.held = workflow == "SUPPRESSED" and record.marked
        record.theirs = record.kept_theirs if record.held else workflow

    def person_tags(self, id_: str, value: str) -> None:
        self.records[id_].fields["team"] = value

    def person_writes_note(self, id_: str, note: str, by: str) -> None:
        record = self.records[id_]
        record.note, record.by = record.their_note = note, by

    def person_takes_over(self, id_: str) -> None:
        """Take the mark off by hand: what was suppressed is the person's from then on."""
        record = self.records[id_]
        if "posture.dev/owner" in record.fields:
            record.fields["posture.dev/owner"] = "someone"
        if record.held:
            record.held, record.theirs = False, "SUPPRESSED"

    def provider(self, id_: str, compliance: str, state: str) -> None:
        """Change a finding as its provider; Workflow follows as the user guide says."""
        record = self.records[id_]
        failed = record.compliance == "PASSED" and compliance != "PASSED"
        back = record.state == "ARCHIVED" and state == "ACTIVE"
        record.compliance, record.state = compliance, state
        workflow = record.workflow
        if (failed or back) and workflow in {"NOTIFIED", "RESOLVED"}:
            workflow = "NEW"
        resolving = {"NEW", "NOTIFIED"} | ({"SUPPRESSED"} if self.passing_resolves else set())
        if compliance == "PASSED" and workflow in resolving:
            workflow = "RESOLVED"
        if workflow != record.workflow:
            record.workflow = record.theirs = workflow
            record.held = False

    def provider_deletes(self, id_: str) -> None:
        del self.records[id_]

    def operator_writes(
        self,
        ids: Collection[str],
        workflow: str | None,
        note: tuple[str, str] | None,
        fields: Mapping[str, str],
        world: World,
    ) -> None:
        """Apply one BatchUpdateFindings of the operator's."""
        assert 1 <= len(set(ids)) == len(ids) <= 100
        if self.refuses_blanks and not all(value.strip() for value in fields.values()):
            raise RefusedError
        assert note is None or (1 <= len(note[0]) <= 512 and note[1].strip())
        assert all(len(key) <= 128 and len(value) <= 1024 for key, value in fields.items())
        assert len(fields) <= 50
        for id_ in ids:
            record = self.records.get(id_)
            if record is None:
                continue
            self._write(record, workflow, note, fields)
            owner = record.fields.get("posture.dev/owner")
            if owner in {OWNER, ADOPTED}:
                record.kept_by = record.fields["posture.dev/policy"]
                record.kept_retain = world.rules[record.kept_by].retain
                record.kept_theirs = record.theirs
            elif record.workflow == "SUPPRESSED":
                record.held, record.theirs = False, "SUPPRESSED"

    def _write(
        self, record: Record, workflow: str | None, note: tuple[str, str] | None, fields: Mapping[str, str]
    ) -> None:
        assert record.held or record.workflow != "SUPPRESSED", "a person's suppression was touched"
        record.written += 1
        if workflow == "SUPPRESSED":
            record.held = True
        elif workflow is not None:
            assert record.held, "a finding was reopened that the operator had not suppressed"
            record.held, record.theirs = False, workflow
        record.workflow = workflow or record.workflow
        record.note, record.by = note or (record.note, record.by)
        record.fields = {**record.fields, **fields} if self.merges else dict(fields)
