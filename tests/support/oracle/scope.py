"""The controls and scores of one scope: some accounts, by some standards."""

from collections import Counter
from collections.abc import Iterable

from tests.support.oracle.case import Case, Entry, Pair

Score = tuple[int, int] | None


class Scope:
    """Some accounts of a case, by some of its standards: pooled, unless it is one."""

    def __init__(self, case: Case, accounts: set[str], standards: list[str]) -> None:
        self.case = case
        self.accounts = accounts
        self.standards = standards
        self.findings: dict[Pair, list[Entry]] = {}
        for entry in [entry for account in sorted(accounts) for entry in case.by_account.get(account, [])]:
            for pair in entry.pairs:
                if pair[0] in standards and case.counts(entry):
                    self.findings.setdefault(pair, []).append(entry)
        self.reporting = case.reporting(accounts)
        self.turned_off = {
            place: status
            for place, status in case.turned_off.items()
            if place[0] in standards and place[2] in accounts
        }
        self.pairs = (
            {(standard, control) for standard in standards for control in case.control_ids(standard)}
            | set(self.findings)
            | {(standard, control) for standard, control, _, _ in self.turned_off}
        )

    def controls(self) -> dict[str, list[Pair]]:
        """Group the pairs that are one control."""
        grouped: dict[str, list[Pair]] = {}
        for pair in sorted(self.pairs):
            grouped.setdefault(self.case.one_control(pair), []).append(pair)
        return grouped

    def on(self, pair: Pair) -> list[Entry]:
        """List the findings of a control where it is on, suppressed ones too."""
        return [e for e in self.findings.get(pair, []) if self.case.on_here(pair, e.place)]

    def disabled(self, pair: Pair) -> bool:
        """Whether a control is off: at home or by a policy, and no finding of the scope says it is on."""
        off = self.case.off_at_home(pair) or any(place[:2] == pair for place in self.turned_off)
        return off and not self.on(pair)

    def statuses(self) -> dict[str, str]:
        """Return the status of each control."""
        return {control: self.status(pairs) for control, pairs in self.controls().items()}

    def status(self, pairs: list[Pair]) -> str:
        """Decide one control's status: by those of its standards in which it is on."""
        enabled = [pair for pair in pairs if not self.disabled(pair)]
        if not enabled:
            return "DISABLED"
        return _status(
            entry.seen.compliance
            for pair in enabled
            for entry in self.on(pair)
            if entry.seen.workflow != "SUPPRESSED"
        )

    def unsuppressed(self, pairs: list[Pair]) -> str:
        """Decide the same with suppressed findings, and with what policies turned off as it was then."""
        found = [entry.seen.compliance for pair in pairs for entry in self.on(pair)]
        then = [
            {"PASSED": "PASSED", "FAILED": "FAILED", "UNKNOWN": "WARNING"}.get(status, "")
            for (standard, control, account, _), status in self.turned_off.items()
            if (standard, control) in pairs and account in self.reporting
        ]
        return _status([*found, *(status for status in then if status)])

    def counts(self) -> dict[str, int]:
        """Count the controls by status."""
        counted = Counter(self.statuses().values())
        return {
            status.lower(): counted[status]
            for status in ("PASSED", "FAILED", "UNKNOWN", "NO_DATA", "DISABLED")
        }

    def scores(self) -> dict[str, Score]:
        """Work out the three scores."""
        return {
            "aws": _score(self.statuses().values()),
            "unsuppressed": _score(self.unsuppressed(pairs) for pairs in self.controls().values()),
            "expected": self.expected(),
        }

    def expected(self) -> Score:
        """Work out the expected-controls score: what the hub lists as on, without what fails."""
        if not self.findings or not all(self.case.complete(standard) for standard in self.standards):
            return None
        listed = [pair for pair in self.pairs if self.case.fact(pair) and not self.disabled(pair)]
        expected = {self.case.one_control(pair) for pair in listed}
        failed = {
            self.case.one_control(pair)
            for pair in listed
            for entry in self.on(pair)
            if entry.seen.compliance in {"FAILED", "WARNING"} and entry.seen.workflow in {"NEW", "NOTIFIED"}
        }
        return (len(expected) - len(failed), len(expected)) if expected else None


def _status(compliances: Iterable[str | None]) -> str:
    found = set(compliances)
    if not found:
        return "NO_DATA"
    if "FAILED" in found:
        return "FAILED"
    return "PASSED" if found == {"PASSED"} else "UNKNOWN"


def _score(statuses: Iterable[str]) -> Score:
    counted = [status for status in statuses if status not in {"NO_DATA", "DISABLED"}]
    return (counted.count("PASSED"), len(counted)) if counted else None
