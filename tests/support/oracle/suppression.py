"""What Security Hub must look like once all is quiet, worked out finding by finding from who did what.

The product sees marks only; here it is known who suppressed a finding and what it was before, so that a mark
that tells it wrongly is found out. It shares no code with the product.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

DAY = 24 * 3600 * 1_000_000
LONGEST = 400 * DAY
OWNER = "prod-eu"
ADOPTED = "old-cluster"
AUTHOR = "posture-operator"
PREVIOUS_NOTE = "posture.dev/previous-note"
ENVIRONMENTS = {
    "alpha": {"111111111111": "prod", "222222222222": "dev"},
    "beta": {"111111111111": "dev"},
}


@dataclass
class Rule:
    """A policy as its users wrote it. `expires`, `deleted`: microseconds."""

    name: str
    target: str
    controls: list[str]
    environments: list[str]
    but_accounts: list[str]
    expires: int
    most: int = 1000
    text: str = "Retention is handled by lifecycle policies"
    suspended: bool = False
    dry_run: bool = False
    stalled: bool = False
    retain: bool = False
    deleted: int | None = None

    def stands(self, now: int) -> str:
        if self.deleted is not None and self.retain and self.deleted < self.expires:
            return "retained"
        if self.deleted is not None or self.expires <= now:
            return "over"
        if self.suspended or self.dry_run or self.stalled or self.expires > now + LONGEST:
            return "frozen"
        return "enforcing"


@dataclass
class Record:
    """A finding in Security Hub, and beside it what only the simulation knows.

    `theirs`: the workflow that people, or AWS, gave it last; `their_note`: the note that people, or other
    tools, wrote last, and who did. `held`: it is suppressed, and the operator did it. `kept_by`: the policy
    that the operator wrote on it last, `kept_retain`: whether that one said Retain.
    """

    id: str
    control: str
    account: str
    compliance: str = "FAILED"
    state: str = "ACTIVE"
    workflow: str = "NEW"
    note: str = ""
    by: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    theirs: str = "NEW"
    their_note: tuple[str, str] = ("", "")
    held: bool = False
    kept_by: str = ""
    kept_retain: bool = False
    kept_theirs: str = "NEW"
    written: int = 0

    @property
    def others(self) -> dict[str, str]:
        return {key: value for key, value in self.fields.items() if not key.startswith("posture.dev/")}

    @property
    def remembered(self) -> tuple[str, str]:
        """The note that its fields say it had before."""
        return self.fields.get(f"{PREVIOUS_NOTE}", ""), self.fields.get(f"{PREVIOUS_NOTE}-by", "")

    @property
    def marked(self) -> bool:
        return self.fields.get("posture.dev/owner") in {OWNER, ADOPTED}


def _namespace(name: str) -> str:
    return name.partition("/")[0]


@dataclass
class World:
    """What is declared, and where it may act. `forbidden`: (namespace, account) without a grant."""

    now: int
    rules: dict[str, Rule]
    elsewhere: set[str] = field(default_factory=set)
    watched: Collection[str] | None = None
    forbidden: set[tuple[str, str]] = field(default_factory=set)

    def selects(self, rule: Rule, record: Record) -> bool:
        environment = ENVIRONMENTS[rule.target].get(record.account)
        return (
            record.compliance != "PASSED"
            and environment is not None
            and record.control in rule.controls
            and (not rule.environments or environment in rule.environments)
            and record.account not in rule.but_accounts
        )

    def may(self, name: str, record: Record) -> bool:
        return (_namespace(name), record.account) not in self.forbidden

    def claims(self, record: Record) -> list[str]:
        return sorted(
            name
            for name, rule in self.rules.items()
            if rule.stands(self.now) == "enforcing" and self.selects(rule, record) and self.may(name, record)
        )

    def matched(self, name: str, records: Collection[Record]) -> int:
        rule = self.rules[name]
        if rule.stands(self.now) not in {"enforcing", "frozen"}:
            return 0
        return sum(record.state == "ACTIVE" and self.selects(rule, record) for record in records)

    def lets_go(self, record: Record) -> bool:
        """Whether the policy on the finding has no hold on it any longer."""
        name = record.kept_by
        if not self.may(name, record):
            return False
        if name not in self.rules:
            unknown = self.watched is not None and _namespace(name) not in self.watched
            return name not in self.elsewhere and not unknown
        stands = self.rules[name].stands(self.now)
        return stands in {"over", "retained"} or (stands == "enforcing" and name not in self.claims(record))

    def retains(self, record: Record) -> bool:
        rule = self.rules.get(record.kept_by)
        return record.kept_retain if rule is None else rule.stands(self.now) == "retained"


@dataclass(frozen=True)
class Expected:
    """How a finding must be. `policy`: whose mark it bears; empty: none of ours; None: as it was."""

    workflow: str
    policy: str | None
    previous: str = ""


def expected(world: World, records: Mapping[str, Record]) -> dict[str, Expected]:
    """Say how each finding must be when all is written that is due, from how it is now."""
    over = {name for name, rule in world.rules.items() if world.matched(name, records.values()) > rule.most}
    return {id_: _expected(world, record, over) for id_, record in records.items()}


def _expected(world: World, record: Record, over: set[str]) -> Expected:
    claims = world.claims(record)
    takers = [name for name in claims if name not in over]
    if record.workflow == "SUPPRESSED" and not record.held:
        return Expected("SUPPRESSED", None)
    if record.held:
        if record.kept_by in claims:
            return Expected("SUPPRESSED", record.kept_by, record.theirs)
        if not world.lets_go(record):
            return Expected("SUPPRESSED", None)
        if takers:
            return Expected("SUPPRESSED", takers[0], record.theirs)
        if world.retains(record):
            return Expected("SUPPRESSED", "")
        return Expected("RESOLVED" if record.compliance == "PASSED" else record.theirs, "")
    if record.state == "ACTIVE" and takers:
        policy = record.kept_by if record.marked and record.kept_by in takers else takers[0]
        return Expected("SUPPRESSED", policy, record.workflow)
    if record.marked and world.lets_go(record):
        return Expected(record.workflow, "")
    return Expected(record.workflow, None)


def differs(record: Record, before: Record, wanted: Expected, world: World) -> str:
    """Say what of a finding is not as it must be; empty when all is."""
    wrong = []
    if record.workflow != wanted.workflow:
        wrong.append(f"workflow {record.workflow}, not {wanted.workflow}")
    if record.others != before.others:
        wrong.append("other people's pairs")
    if wanted.policy is None:
        if (record.fields, record.note, record.by) != (before.fields, before.note, before.by):
            wrong.append("touched")
    elif not wanted.policy:
        wrong += _unlike_let_go(record)
    else:
        wrong += _unlike_marked(record, wanted, world.rules[wanted.policy])
    return ", ".join(wrong)


def _unlike_let_go(record: Record) -> list[str]:
    wrong = []
    if (owner := record.fields.get("posture.dev/owner", "")) not in {"", "-"}:
        wrong.append(f"still marked by {owner}")
    if record.their_note[0] and (shown := _shown_note(record)) != record.their_note:
        wrong.append(f"note {shown}, not {record.their_note}")
    if not record.their_note[0] and record.by not in {"", AUTHOR}:
        wrong.append(f"a note by {record.by}")
    return wrong


def _unlike_marked(record: Record, wanted: Expected, rule: Rule) -> list[str]:
    fields, wrong = record.fields, []
    mark = tuple(fields.get(f"posture.dev/{key}") for key in ("owner", "policy", "previous"))
    if mark != (OWNER, wanted.policy, wanted.previous):
        wrong.append(f"mark {mark}, not {wanted}")
    said = (rule.name, rule.text, f"approver of {rule.name}", "SEC-1", "Z")
    if record.by != AUTHOR or any(words not in record.note for words in said):
        wrong.append(f"note {record.note!r} by {record.by}")
    if record.their_note[0] and record.remembered != record.their_note:
        wrong.append(f"remembers {record.remembered}, not {record.their_note}")
    return wrong


def _shown_note(record: Record) -> tuple[str, str]:
    """The note that others wrote as far as the finding still has it; one that stays suppressed keeps ours."""
    if record.workflow == "SUPPRESSED" and record.by == AUTHOR:
        return record.remembered
    return record.note, record.by
