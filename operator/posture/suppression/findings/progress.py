"""How far a SuppressionPolicy is that suppresses findings, and what it says of that."""

from dataclasses import dataclass

from posture.api.conditions import ReadySummary, reconciling, stalled
from posture.api.suppression_policy import SuppressionFailure
from posture.domain.exceptions.policy import Phase, Terms
from posture.domain.text import counted
from posture.domain.time import text_of
from posture.suppression.conditions import HubState, PolicyCase, PolicyProgress, done, what_would_be
from posture.suppression.findings.writer import FindingRefusal


@dataclass(frozen=True, slots=True)
class FindingsProgress(PolicyProgress):
    """How far a policy is; `refusals`: what was refused, for now or for good."""

    refusals: tuple[FindingRefusal, ...] = ()

    def failures(self) -> list[SuppressionFailure]:
        """Give what was refused."""
        return [
            SuppressionFailure(id=each.write.finding.id, reason=each.code, message=each.message)
            for each in self.refusals
        ]

    def why_not_undone(self, hub: HubState) -> str:
        """Say why something could not be let go of, without a full stop; empty where nothing failed."""
        if hub.error is not None:
            return ""
        if self.outcome.barred:
            return _barred(self.outcome.barred)
        return _first_refusal(self) if self.refusals else ""

    def in_effect(self, case: PolicyCase, terms: Terms) -> ReadySummary:
        """Say what matters most while nothing holds the policy back."""
        until = text_of(terms.expires_at)
        suppressed = f"{_are(self.outcome.suppressed)} suppressed until {until}."
        if not self.outcome.matched:
            suppressed = f"No finding matches now; what will is suppressed until {until}."
        return _troubled(case, self) or done(case, terms, suppressed)


def _troubled(case: PolicyCase, progress: FindingsProgress) -> ReadySummary | None:
    """Say what stands in the way; None: nothing does."""
    outcome = progress.outcome
    if outcome.phase is Phase.FROZEN:
        return ReadySummary(
            stalled,
            "TargetIncomplete",
            "Security Hub lacks a standard that the target chose, or does not list its standards: see the"
            " target's conditions. Nothing is suppressed or reopened meanwhile."
            f"{what_would_be(case)}",
        )
    if outcome.over:
        return ReadySummary(
            stalled,
            "TooManyMatches",
            f"{_match(outcome.matched)}, which is more than spec.suppressFindings.maxFindings: nothing"
            " new is suppressed. Narrow match, or raise maxFindings.",
        )
    if outcome.full:
        return ReadySummary(
            stalled,
            "NoRoomForMark",
            f"{_have(len(outcome.full))} too many user-defined fields for the operator's mark and cannot"
            f" be suppressed, such as {outcome.full[0].id}: remove some of these fields.",
        )
    if case.hub.frozen and progress.held:
        return ReadySummary(
            reconciling,
            "WritesFrozen",
            f"{_are(progress.held)} to be updated, but the operator's configuration says writes: Frozen.",
        )
    if progress.refusals:
        return ReadySummary(
            reconciling, "WritesRefused", f"{_first_refusal(progress)}. It will be tried again."
        )
    if progress.held:
        return ReadySummary(reconciling, "Writing", f"{_are(progress.held)} still to be updated.")
    if outcome.forbidden:
        return ReadySummary(
            stalled,
            "AccountsNotGranted",
            f"{_match(outcome.forbidden)} in accounts in which this namespace is not granted Suppress:"
            " narrow match, or have the accounts granted.",
        )
    if outcome.barred:
        return ReadySummary(stalled, "AccountsNotGranted", f"{_barred(outcome.barred)}.")
    return None


def _barred(number: int) -> str:
    return (
        f"{_are(number)} suppressed by it in accounts in which this namespace is not granted Suppress any"
        " longer, and cannot be reopened: have the accounts granted"
    )


def _first_refusal(progress: FindingsProgress) -> str:
    first = progress.refusals[0]
    return (
        f"Security Hub refused {counted(len(progress.refusals), 'write', 'writes')}, such as that to"
        f" {first.write.finding.id}: {first.code}: {first.message.rstrip('.')}"
    )


def _are(number: int) -> str:
    return counted(number, "finding is", "findings are")


def _have(number: int) -> str:
    return counted(number, "finding has", "findings have")


def _match(number: int) -> str:
    return counted(number, "finding matches", "findings match")
