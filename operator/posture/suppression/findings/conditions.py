"""What a SuppressionPolicy that suppresses findings says of itself."""

from posture.api.conditions import reconciling, stalled
from posture.domain.exceptions.policy import Phase, Terms
from posture.domain.text import counted
from posture.domain.time import text_of
from posture.suppression.conditions import Message, PolicyCase, PolicyProgress, Wording, done, what_would_be


def _troubled(case: PolicyCase, progress: PolicyProgress) -> Message | None:
    """Say what stands in the way; None: nothing does."""
    outcome = progress.outcome
    if outcome.phase is Phase.FROZEN:
        return Message(
            stalled,
            "TargetIncomplete",
            "Security Hub lacks a standard that the target chose, or does not list its standards: see the"
            " target's conditions. Nothing is suppressed or reopened meanwhile."
            f"{what_would_be(case, FINDINGS)}",
        )
    if outcome.over:
        return Message(
            stalled,
            "TooManyMatches",
            f"{_match(outcome.matched)}, which is more than spec.suppressFindings.maxFindings: nothing"
            " new is suppressed. Narrow match, or raise maxFindings.",
        )
    if outcome.full:
        return Message(
            stalled,
            "NoRoomForMark",
            f"{_have(len(outcome.full))} too many user-defined fields for the operator's mark and cannot"
            f" be suppressed, such as {outcome.full[0].id}: remove some of these fields.",
        )
    if case.hub.frozen and progress.held:
        return Message(
            reconciling,
            "WritesFrozen",
            f"{_are(progress.held)} to be updated, but the operator's configuration says writes: Frozen.",
        )
    if progress.refusals:
        return Message(reconciling, "WritesRefused", f"{_first_refusal(progress)}. It will be tried again.")
    if progress.held:
        return Message(reconciling, "Writing", f"{_are(progress.held)} still to be updated.")
    if outcome.forbidden:
        return Message(
            stalled,
            "AccountsNotGranted",
            f"{_match(outcome.forbidden)} in accounts in which this namespace is not granted Suppress:"
            " narrow match, or have the accounts granted.",
        )
    if outcome.barred:
        return Message(stalled, "AccountsNotGranted", f"{_barred(outcome.barred)}.")
    return None


def _barred(number: int) -> str:
    return (
        f"{_are(number)} suppressed by it in accounts in which this namespace is not granted Suppress any"
        " longer, and cannot be reopened: have the accounts granted"
    )


def _first_refusal(progress: PolicyProgress) -> str:
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


class FindingWording(Wording):
    """What policies that suppress findings say."""

    noun = "finding"
    stays = "stays suppressed"
    undone = "reopened"
    would = "It would suppress {} and reopen {}."
    awaited = "What it suppressed is reopened as soon as the findings of its target are known exactly."
    letting_go = "What it suppressed is being reopened."
    over = "nothing is suppressed by it any longer"
    suspended = "Nothing is suppressed or reopened while spec.suspend is true."
    dry_run = "Nothing is written while spec.mode is DryRun."
    target_suspended = "Security Hub is not asked while its target is suspended."
    syncing = "The findings of the target are not known exactly yet."
    undoing = "set the workflow of these findings"

    def failure(self, case: PolicyCase) -> str:
        """Say why something could not be let go of, without a full stop; empty where nothing failed."""
        if case.hub.error is None and case.progress is not None and case.progress.outcome.barred:
            return _barred(case.progress.outcome.barred)
        if case.hub.error is None and case.progress is not None and case.progress.refusals:
            return _first_refusal(case.progress)
        return ""

    def in_effect(self, case: PolicyCase, progress: PolicyProgress, terms: Terms) -> Message:
        """Say what matters most while nothing holds it back."""
        until = text_of(terms.expires_at)
        suppressed = f"{_are(progress.outcome.suppressed)} suppressed until {until}."
        if not progress.outcome.matched:
            suppressed = f"No finding matches now; what will is suppressed until {until}."
        return _troubled(case, progress) or done(case, terms, suppressed)


FINDINGS = FindingWording()
