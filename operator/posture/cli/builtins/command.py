"""`posture builtins`: the builtin actions of remediation."""

import sys
from difflib import get_close_matches

import click

from posture.cli import output
from posture.cli.builtins.described import controls_of, default_of, described, wording
from posture.cli.builtins.refusals import own_refusals
from posture.cli.terminal import complain, output_option, show
from posture.remediation.actions.contract import Action
from posture.remediation.actions.registry import builtin_actions

_COLUMNS: output.Columns[Action] = {
    "NAME": lambda action: action.name,
    "CONTROLS": lambda action: ", ".join(controls_of(action)),
    "RESOURCES": lambda action: ", ".join(sorted(action.works_on.types)),
    "PARAMETERS": lambda action: ", ".join(each.name for each in action.parameters),
    "RISK": lambda action: action.risk,
}
_WIDE: output.Columns[Action] = {
    **_COLUMNS,
    "UNDO": lambda action: action.undo_says,
    "IAM READ": lambda action: " ".join(action.iam.read),
    "IAM WRITE": lambda action: " ".join(action.iam.write),
    "IAM UNDO": lambda action: " ".join(action.iam.undo),
}


@click.command()
@click.argument("name", required=False)
@output_option(*output.LISTED)
def builtins(*, name: str | None, form: str) -> None:
    """Print the builtin actions of remediation: controls, parameters, IAM actions, risk and undo.

    With a NAME, of that action alone, in words. No cluster and no AWS is asked.

    \b
    posture builtins
    posture builtins s3-account-block-public-access
    posture builtins -o json | jq -r '.[] | select(.controls | index("S3.1")) | .name'
    """  # noqa: D301 - \b is click's: these lines stay as they are
    known = builtin_actions()
    if name is not None and name not in known:
        close = get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]}?" if close else "`posture builtins` lists them"
        complain(f"there is no builtin action {name}: {hint}")
        sys.exit(1)
    actions = list(known.values()) if name is None else [known[name]]
    if form == "table" and name is not None:
        show(_in_words(actions[0]))
        return
    show(output.listed(actions, form, columns=_COLUMNS, wide=_WIDE, document=described))


def _in_words(action: Action) -> str:
    """Say what an action does, a line for each of its declarations."""
    said = wording(action)
    lines = [
        ("NAME", action.name),
        ("ABOUT", said.about),
        ("CONTROLS", ", ".join(controls_of(action))),
        ("RESOURCES", ", ".join(sorted(action.works_on.types))),
        ("WRITES", said.written),
        ("RISK", action.risk),
        ("UNDO", action.undo_says),
        *(("REFUSES", f"{each.reason}: {each.says}") for each in own_refusals(action)),
        *((f"PARAMETER {each.name}", f"{each.says} {default_of(each)}") for each in action.parameters),
        *((f"IAM {kind.upper()}", ", ".join(actions)) for kind, actions in action.iam._asdict().items()),
    ]
    width = max(len(heading) for heading, _ in lines)
    return "".join(f"{heading.ljust(width)}   {text}\n" for heading, text in lines)
