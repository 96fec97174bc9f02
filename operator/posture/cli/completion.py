"""Completion in shells, and in kubectl."""

import sys

import click
from click.shell_completion import ShellComplete, get_completion_class

from posture.cli import main
from posture.cli.terminal import offer, show

_SHELLS = ("bash", "zsh", "fish")
# Directives of cobra, which kubectl's completion is made with.
_FILES, _NO_FILES, _FOLDERS = 0, 4, 16


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(*, shell: str) -> None:
    """Print what completes commands, options and their values in a shell.

    \b
    source <(posture completion bash)
    posture completion zsh > "${fpath[1]}/_posture"
    posture completion fish > ~/.config/fish/completions/posture.fish
    """  # noqa: D301 - \b is click's: these lines stay as they are
    found = get_completion_class(shell)
    if found is None:
        raise RuntimeError("click knows each of these shells")
    show(found(main, {}, "posture", "_POSTURE_COMPLETE").source() + "\n")


def complete_for_kubectl() -> None:
    """Answer kubectl as `kubectl_complete-posture`: what may stand in the place of the last argument.

    Kubernetes: "Extend kubectl with plugins". A line each, with a description behind a tab; the last line
    says whether names of files may stand there too.
    """
    *before, incomplete = sys.argv[1:] or [""]
    directive = _NO_FILES
    for item in ShellComplete(main, {}, "kubectl posture", "").get_completions(before, incomplete):
        if item.type == "plain":
            offer(item.value, item.help or "")
        else:
            directive = _FOLDERS if item.type == "dir" else _FILES
    show(f":{directive}\n")
