"""The command line: `posture run` and what goes with it."""

from collections.abc import Mapping
from typing import ClassVar

import click

from posture.cli.group import Lazy, LazyGroup


class _Commands(LazyGroup):
    lazy: ClassVar[Mapping[str, Lazy]] = {
        "run": Lazy("posture.cli.run:run", "Run the operator until SIGTERM."),
        "crds": Lazy("posture.cli.crds:crds", "Print the CRDs, ready for kubectl apply."),
        "check": Lazy(
            "posture.cli.check.command:check", "Check everything between a pod and a score, read-only."
        ),
        "validate": Lazy(
            "posture.cli.validate.command:validate", "Check manifests offline, with file and line."
        ),
        "plan": Lazy(
            "posture.cli.plan.command:plan", "Say what manifests would do, before they are applied."
        ),
        "import": Lazy(
            "posture.cli.importing.command:import_rules", "Translate exceptions of other tools into policies."
        ),
        "score": Lazy("posture.cli.score.command:score", "Score a Security Hub once, without a cluster."),
        "controls": Lazy("posture.cli.failing.command:controls", "Print what fails, what to fix first."),
        "findings": Lazy(
            "posture.cli.failing.command:findings", "Print the findings that fail, what to fix first."
        ),
        "status": Lazy(
            "posture.cli.status.command:status", "Print targets with their policies and rules, as a tree."
        ),
        "sync": Lazy("posture.cli.asking.command:sync", "Have a target read Security Hub at once."),
        "suspend": Lazy("posture.cli.asking.command:suspend", "Suspend targets, policies or rules."),
        "resume": Lazy("posture.cli.asking.command:resume", "Have what is suspended go on."),
        "exceptions": Lazy(
            "posture.cli.exceptions.command:exceptions", "Print the register of exceptions, for auditors."
        ),
        "builtins": Lazy(
            "posture.cli.builtins.command:builtins", "Print the builtin actions, or what one of them does."
        ),
        "remediations": Lazy(
            "posture.cli.remediations.command:remediations", "Print the journal of remediations."
        ),
        "approve": Lazy("posture.cli.remediations.command:approve", "Approve remediations that wait for it."),
        "undo": Lazy(
            "posture.cli.remediations.command:undo", "Put back what remediations wrote, or call them off."
        ),
        "iam": Lazy("posture.cli.iam.command:iam", "Print the IAM roles that the grants need."),
        "completion": Lazy("posture.cli.completion:completion", "Print what completes commands in a shell."),
    }


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="posture-operator", prog_name="posture")
def main() -> None:
    """AWS security posture as Kubernetes objects: exact scores, documented exceptions."""
