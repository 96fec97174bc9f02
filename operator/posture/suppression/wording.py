"""What the two kinds of SuppressionPolicies say, each in its own words."""

from dataclasses import dataclass

from posture.domain.text import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What policies of one kind say."""

    noun: str
    """One of what they except."""
    stays: str
    """As what that stays where it is not let go of."""
    undone: str
    """What is done to it where it is."""
    would: str
    """Takes the numbers of what is held back, to except and to let go of."""
    awaited: str
    """When it is not known yet what is to be let go of."""
    letting_go: str
    """When nothing is left to do."""
    over: str
    """That nothing is left, of one that has expired."""
    suspended: str
    dry_run: str
    target_suspended: str
    syncing: str
    undoing: str
    """What those do who undo it."""

    def counted(self, number: int) -> str:
        """Return `1 finding`, `2 findings`."""
        return counted(number, self.noun, f"{self.noun}s")


FINDINGS = Wording(
    noun="finding",
    stays="stays suppressed",
    undone="reopened",
    would="It would suppress {} and reopen {}.",
    awaited="What it suppressed is reopened as soon as the findings of its target are known exactly.",
    letting_go="What it suppressed is being reopened.",
    over="nothing is suppressed by it any longer",
    suspended="Nothing is suppressed or reopened while spec.suspend is true.",
    dry_run="Nothing is written while spec.mode is DryRun.",
    target_suspended="Security Hub is not asked while its target is suspended.",
    syncing="The findings of the target are not known exactly yet.",
    undoing="set the workflow of these findings",
)
CONTROLS = Wording(
    noun="control",
    stays="stays off",
    undone="turned on again",
    would="It would turn off {} and turn on {}.",
    awaited="What it turned off is turned on again as soon as it is known what is off.",
    letting_go="Nothing is left to do.",
    over="no control is off by it any longer",
    suspended="No control is turned off or on while spec.suspend is true.",
    dry_run="No control is switched while spec.mode is DryRun.",
    target_suspended="No control is turned off while the target is suspended.",
    syncing="Which controls are on or off has not been read yet.",
    undoing="turn these controls on",
)
