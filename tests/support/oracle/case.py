"""One case for the oracle: a target's spec, what the hub knows, and the findings."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.oracle.asff import Seen, read

Pair = tuple[str, str]
Place = tuple[str, str]

_SECONDS = {"s": 1, "m": 60, "h": 3600}


def duration(text: str) -> int:
    """Read a Kubernetes duration (`30h`, `1h30m`) as microseconds."""
    parts = re.findall(r"([0-9]+)([smh])", text)
    return sum(int(n) * _SECONDS[unit] for n, unit in parts) * 1_000_000


def glob_fits(glob: str, value: str) -> bool:
    """Match a glob against a whole string, one character at a time."""
    if not glob:
        return not value
    if glob[0] == "*":
        return glob_fits(glob[1:], value) or (bool(value) and glob_fits(glob, value[1:]))
    return bool(value) and glob[0] in {"?", value[0]} and glob_fits(glob[1:], value[1:])


@dataclass(frozen=True)
class Entry:
    """A finding with the (standard, control) pairs that it counts for."""

    seen: Seen
    pairs: tuple[Pair, ...]

    @property
    def place(self) -> Place:
        return self.seen.account, self.seen.region


class Case:
    """What is asked; times in microseconds."""

    def __init__(
        self,
        raw: list[dict[str, Any]],
        spec: Mapping[str, Any],
        hub: Mapping[str, Any],
        now: int,
        turned_off: Sequence[Mapping[str, str]],
    ) -> None:
        self.spec, self.hub = spec, hub
        self.facts: Mapping[str, Any] = hub["standards"]
        self.organization: Mapping[str, Any] = hub.get("organization", {"accounts": {}, "tags": {}})
        self.listed: dict[Pair, Mapping[str, Any]] = {
            (standard, control["id"].upper()): control
            for standard, facts in self.facts.items()
            for control in facts.get("controls", [])
        }
        chosen = spec["source"]["securityStandards"]["standards"]
        of_aws = [name for name, facts in self.facts.items() if facts.get("provider", "AWS") == "AWS"]
        self.standards = sorted(of_aws if list(chosen) == ["*"] else set(chosen))
        self.oldest = now - duration(spec.get("scoring", {}).get("evaluationWindow", "30h"))
        self.turned_off: dict[tuple[str, str, str, str], str] = {
            (t["standard"], t["control"].upper(), t["account"], t["region"]): t["status"]
            for t in turned_off
            if t["standard"] in self.standards
        }
        self.members: Mapping[str, str | None] = hub.get("members", {})
        self.names = {account: name for account, name in self.members.items() if name}
        self.by_account: dict[str, list[Entry]] = {}
        self.known_accounts = set(self.members)
        for finding in raw:
            seen = read(finding)
            if seen is None:
                continue
            # Archived ones count for nothing, and tell what an account is called all the same.
            if finding.get("AwsAccountName") and not self.members.get(seen.account):
                self.names[seen.account] = finding["AwsAccountName"]
            if seen.active:
                self.known_accounts.add(seen.account)
                self.by_account.setdefault(seen.account, []).append(Entry(seen, tuple(self.pairs(seen))))

    # Which control

    def pairs(self, seen: Seen) -> list[Pair]:
        return [
            (standard, self.tied(standard, control) if is_number else control)
            for standard, control, is_number in seen.claims
            if standard in self.standards
        ]

    def tied(self, standard: str, number: str) -> str:
        tied = [
            pair[1]
            for pair, control in self.listed.items()
            if pair[0] == standard and number in [n.upper() for n in control.get("numbers", [])]
        ]
        return min(tied, default=number)

    def fact(self, pair: Pair) -> Mapping[str, Any] | None:
        return self.listed.get(pair)

    def control_ids(self, standard: str) -> list[str]:
        """List the controls that the hub knows of a standard, upper-cased."""
        return [control for of, control in self.listed if of == standard]

    def complete(self, standard: str) -> bool:
        """Whether the hub lists all controls of a standard."""
        return standard in self.facts and bool(self.facts[standard].get("complete", True))

    def spelled(self, control: str) -> str:
        """Spell a control as AWS does, as far as the hub knows it."""
        known = [c["id"] for name in sorted(self.facts) for c in self.facts[name].get("controls", [])]
        bare = control.rsplit("/", 1)[-1]
        return next((spelled for spelled in known if spelled.upper() == bare), bare)

    def one_control(self, pair: Pair) -> str:
        """Tell controls apart over standards: security controls are the same, bare numbers are not."""
        bare = self.fact(pair) is None and not re.search("[A-Za-z]", pair[1])
        return f"{pair[0]}/{pair[1]}" if bare else pair[1]

    def off_at_home(self, pair: Pair) -> bool:
        fact = self.fact(pair)
        return fact is not None and not fact["enabled"]

    def on_here(self, pair: Pair, place: Place) -> bool:
        """Whether a control is on in an account and Region: the hub speaks of its own ones only."""
        if (*pair, *place) in self.turned_off:
            return False
        return place != (self.hub["account"], self.hub["region"]) or not self.off_at_home(pair)

    # Which accounts

    def granted(self, account: str) -> bool:
        return any(glob_fits(glob, account) for glob in self.hub.get("granted", ["*"]))

    def included(self, account: str) -> bool:
        chosen = self.spec.get("accounts", {})
        return any(glob_fits(glob, account) for glob in chosen.get("include", ["*"])) and not any(
            glob_fits(glob, account) for glob in chosen.get("exclude", [])
        )

    def group(self, account: str) -> tuple[str, str, bool] | None:
        """Tell workload, environment and whether anything told the workload; None: nobody knows."""
        grouping = self.spec.get("grouping", {})
        default = grouping.get("defaultEnvironment", "production")
        for override in grouping.get("overrides", []):
            if override["accountId"] == account:
                return override["workload"], override.get("environment") or default, True
        asked = grouping.get("organizationTags", {})
        keys = asked.get("workloadKey"), asked.get("environmentKey")
        tags = self.organization["tags"].get(account)
        if any(keys) and tags is None:
            return None
        by_tag = [(tags or {}).get(key) if key else None for key in keys]
        pattern, name = grouping.get("accountNamePattern"), self.name(account)
        match = re.fullmatch(pattern, name) if pattern and name else None
        by_name = (match["workload"], match.groupdict().get("environment")) if match else (None, None)
        told = by_tag[0] or by_name[0]
        environment = by_tag[1] or (by_name[1] if by_name[0] else None) or default
        return told or name or account, environment, bool(told) or not (pattern or keys[0])

    def name(self, account: str) -> str | None:
        """Tell what an account is called: its organization knows better than findings."""
        return self.organization["accounts"].get(account, {}).get("name") or self.names.get(account)

    def owner(self, account: str) -> str | None:
        key = self.spec.get("grouping", {}).get("organizationTags", {}).get("ownerKey")
        found: str | None = self.organization["tags"].get(account, {}).get(key)
        return found

    def unusable(self, account: str) -> bool:
        state = self.organization["accounts"].get(account, {}).get("state")
        return state in {"PENDING_ACTIVATION", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"}

    def speaks(self, account: str) -> bool:
        """Whether scores depend on an account: it has a fresh finding, or a policy turned something off."""
        return bool(self.reporting({account})) or any(place[2] == account for place in self.turned_off)

    # Which findings

    def counts(self, entry: Entry) -> bool:
        """Whether it is a control finding of a chosen standard inside the window."""
        return bool(entry.pairs) and entry.seen.updated >= self.oldest

    def state(self, entry: Entry) -> str:
        seen = entry.seen
        if seen.own:
            if seen.updated < self.oldest:
                return "stale"
            if not any(self.on_here(pair, entry.place) for pair in entry.pairs):
                return "disabled"
        if seen.workflow == "SUPPRESSED":
            return "suppressed"
        return "failed" if seen.compliance is None else seen.compliance.lower()

    def reporting(self, accounts: Iterable[str]) -> set[str]:
        """Return those of the accounts that have a finding inside the window."""
        return {account for account in accounts if any(map(self.counts, self.by_account.get(account, [])))}
