"""Pages of the builtin actions in Markdown: one for each, and an index."""

import json
from collections.abc import Iterable

from posture.cli.builtins.described import by_number, controls_of, default_of, wording
from posture.cli.builtins.refusals import own_refusals
from posture.cli.iam.rights import ACCOUNT_TAGS
from posture.domain.remediation.resources import ACCOUNT
from posture.remediation.actions.contract import Action

_MADE = "Made by `make generate` from the declaration of the action."
_INDEX = """\
# Builtin actions

Made by `make generate`. What a rule does with them: [remediation](../remediation.md). The same at a terminal:
`posture builtins`, and `posture builtins NAME`.

"""


def index(actions: Iterable[Action]) -> str:
    """Return the index: by action with its controls, then by control."""
    known = list(actions)
    controls = sorted({control for action in known for control in action.controls}, key=by_number)
    rows = [
        f"| {_link(each)} | {', '.join(controls_of(each))} | {_types(each)} | {wording(each).about} |\n"
        for each in known
    ]
    text = f"{_INDEX}{len(known)} actions for {len(controls)} controls.\n"
    text += "\n| action | controls | works on | about |\n|---|---|---|---|\n" + "".join(rows)
    text += "\n## By control\n\n| control | action |\n|---|---|\n"
    for control in controls:
        fitting = ", ".join(_link(each) for each in known if control in each.controls)
        text += f"| {control} | {fitting} |\n"
    return text


def page(action: Action) -> str:
    """Return the page of an action."""
    said = wording(action)
    sections = [
        f"# {action.name}\n\n{_MADE}\n\n{said.about}\n\n{_facts(action)}",
        f"## How a resource is judged\n\n{said.wrong}\n",
        f"## What is written\n\n{said.written}\n\n{said.notes}\n",
        f"## What it can break\n\n{action.risk}\n",
        f"## Undo\n\n{action.undo_says} Only where what is there is still what was written.\n",
        _parameters(action),
        _why_not(action),
        f"## Rights\n\n{_rights(action)}",
        f"## A rule\n\n{_rule(action)}",
    ]
    return "\n".join(sections)


def _link(action: Action) -> str:
    return f"[{action.name}]({action.name}.md)"


def _types(action: Action) -> str:
    return ", ".join(f"`{each}`" for each in sorted(action.works_on.types))


def _facts(action: Action) -> str:
    works_on = _types(action)
    if ACCOUNT in action.works_on.types:
        works_on += ", once for " + ("all Regions" if action.works_on.whole_account else "each Region")
    return f"| | |\n|---|---|\n| Controls | {', '.join(controls_of(action))} |\n| Works on | {works_on} |\n"


def _parameters(action: Action) -> str:
    if not action.parameters:
        return "## Parameters\n\nNone.\n"
    rows = (f"| `{each.name}` | {each.says} | {default_of(each)} |\n" for each in action.parameters)
    return "## Parameters\n\n| name | says | where it is not written |\n|---|---|---|\n" + "".join(rows)


def _why_not(action: Action) -> str:
    text = "## Why it may leave a resource alone\n\n"
    text += "Beside [what holds for all actions](../remediation.md), in the words of the plan:\n\n"
    found = own_refusals(action)
    if not found:
        return "## Why it may leave a resource alone\n\n[What holds for all actions](../remediation.md).\n"
    return text + "".join(f"- `{each.reason}`: {each.says.removesuffix(': …')}.\n" for each in found)


def _rights(action: Action) -> str:
    said = action.iam
    statements = [
        {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"}
        for sid, actions in (
            ("Read", [each for each in said.read if each != ACCOUNT_TAGS]),
            ("Write", list(said.write)),
            ("Undo", list(said.undo)),
        )
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
    text = f"Of the role that `identity.roleName` names, in each account:\n\n```json\n{policy}\n```\n"
    if ACCOUNT_TAGS in said.read:
        text += (
            f"\nAnd `{ACCOUNT_TAGS}` of the target's own role (`aws.roleArn`), which reads the tags of the"
            " account: it must be in the management account, or in that of a delegated administrator.\n"
        )
    return text


def _rule(action: Action) -> str:
    control = controls_of(action)[0]
    needed = ", ".join(f"{each.name}: …" for each in action.parameters if each.required)
    parameters = f", parameters: {{{needed}}}" if needed else ""
    return (
        "```yaml\napiVersion: posture.dev/v1alpha1\nkind: RemediationRule\n"
        f"metadata: {{name: {action.name}, namespace: security}}\n"
        "spec:\n  targetRef: {name: organization}\n"
        f"  match: [{{controls: [{control}]}}]\n"
        f"  action: {{builtin: {{name: {action.name}{parameters}}}}}\n"
        "  mode: DryRun\n```\n"
    )
