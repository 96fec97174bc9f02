"""What commands read and print: options that several have, and texts of which nothing acts on a terminal."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from posture.api.durations import Duration
from posture.domain.text import printable

_AT_ONCE = 64 * 1024
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


class Namespace(click.ParamType[str]):
    """A name, or (from the environment) several with commas; what no namespace can be called is refused.

    The rule is that of Kubernetes for names of namespaces: a label of RFC 1123.
    """

    name = "NAMESPACE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the name, or refuse it."""
        if not isinstance(value, str) or not _LABEL.fullmatch(value):
            self.fail(
                f"{value!r} cannot be the name of a namespace: write up to 63 of a-z, 0-9 and -, beginning"
                " and ending with a letter or a digit, such as security",
                param,
                ctx,
            )
        return value

    def split_envvar_value(self, rv: str) -> list[str]:
        """Give the names that a variable holds."""
        return [name.strip() for name in rv.split(",") if name.strip()]


class Length(click.ParamType[Duration]):
    """A length of time, as Kubernetes writes it."""

    name = "DURATION"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Duration:
        """Give the length, or refuse it."""
        try:
            return value if isinstance(value, Duration) else Duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


TIMED_OUT = 124
"""The exit code of what has taken too long, as of `timeout` of coreutils."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def output_option(*forms: str) -> Callable[[_Command], _Command]:
    """Add `-o`, whose value is called `form`; the first of the forms is the default."""
    return click.option(
        "--output",
        "-o",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="As what.",
    )


def namespace_option(says: str) -> Callable[[_Command], _Command]:
    """Add `-n`, with this help."""
    return click.option("--namespace", "-n", type=Namespace(), help=says)


def filename_option(command: _Command) -> _Command:
    """Add `-f`, whose values are called `paths`."""
    return click.option(
        "--filename",
        "-f",
        "paths",
        multiple=True,
        required=True,
        type=click.Path(exists=True, allow_dash=True),
        metavar="PATH",
        help="A file, a folder (with all below it), or - for standard input (repeatable).",
    )(command)


def lease_namespace_option(says: str) -> Callable[[_Command], _Command]:
    """Add `--lease-namespace`, with this help."""
    return click.option(
        "--lease-namespace",
        type=Namespace(),
        envvar="POSTURE_LEASE_NAMESPACE",
        show_envvar=True,
        show_default="the pod's, else default",
        help=says,
    )


def config_option(
    says: str, *, must_exist: bool = False, required: bool = False
) -> Callable[[_Command], _Command]:
    """Add `--config`, with this help. `must_exist`: another path is a wrong command line."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, exists=must_exist, dir_okay=not must_exist),
        envvar="POSTURE_CONFIG",
        show_envvar=True,
        required=required,
        help=says,
    )


def context_option(command: _Command) -> _Command:
    """Add `--context`."""
    return click.option("--context", help="Context of the kubeconfig. Default: its current one.")(command)


def show(document: str) -> None:
    """Print a document that ends with a line end, on standard output."""
    click.echo(printable(document, keep_lines=True), nl=False)


def show_parts(parts: Iterable[str]) -> None:
    """Print a document that comes in parts, each of which ends with a line, or is followed by its rest."""
    held: list[str] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= _AT_ONCE:
            show("".join(held))
            held, size = [], 0
    show("".join(held))


def offer(value: str, says: str) -> None:
    """Print a value and what is said of it, with a tab between them, for programs that take them apart."""
    click.echo(f"{printable(value)}\t{printable(says)}")


def complain(problem: object) -> None:
    """Say on standard error what is wrong."""
    click.echo(f"posture: {printable(str(problem), keep_lines=True)}", err=True)
