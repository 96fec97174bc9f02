"""The reference page of the commands, made from what they declare."""

from collections.abc import Iterator
from inspect import cleandoc

import click

from posture.cli import main
from posture.domain.text import one_line

_AS_IT_IS = "\b"
_INTRODUCTION = """\
<!-- Made by `make generate` from what the commands declare. -->
# Command reference

Every command with its options; what they are for, with examples, is in [commands](../commands.md). `kubectl
posture …` is the same as `posture …`. Each option of `posture run` is an environment variable as well.
"""


def page() -> str:
    """Give the whole page as Markdown."""
    context = click.Context(main, info_name="posture")
    names = main.list_commands(context)
    found = [(name, main.get_command(context, name)) for name in names]
    return "\n".join(
        [_INTRODUCTION, *(_command(name, command, context) for name, command in found if command is not None)]
    )


def _command(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    says = (_paragraph(each) for each in cleandoc(command.help or "").split("\n\n"))
    lines = [f"## posture {name}", "", *says, "```text", usage, "```", ""]
    rows = list(_rows(command, context))
    if rows:
        lines += ["| option | default | does |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    """Give a paragraph of a help text; one that click leaves as it is is a block."""
    if text.startswith(_AS_IT_IS):
        return f"```text\n{text.removeprefix(_AS_IT_IS).strip()}\n```\n"
    return f"{_cell(text)}\n"


def _rows(command: click.Command, context: click.Context) -> Iterator[str]:
    for param in command.params:
        record = param.get_help_record(context)
        if not isinstance(param, click.Option) or record is None:
            continue
        kind = "" if param.is_flag else f" {param.make_metavar(context)}"
        names = ", ".join((*param.opts, *param.secondary_opts))
        variable = f" Or `{param.envvar}`." if isinstance(param.envvar, str) else ""
        says = f"{param.help or ''}{variable}"
        yield f"| `{_cell(names + kind)}` | {_cell(_default(param))} | {_cell(says)} |"


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    if isinstance(option.show_default, str):
        return option.show_default
    default = option.default
    return f"`{default}`" if isinstance(default, str | int) and not isinstance(default, bool) else ""


def _cell(text: str) -> str:
    text = one_line(text).replace("|", "\\|").replace("<", "&lt;")
    return text.replace("*", "\\*") if "`" not in text else text
