"""What commands print, in one place: nothing in it acts on a terminal, whoever wrote it."""

import click

from posture.domain.printable import printable


def show(document: str) -> None:
    """Print a document that ends with a line end, on standard output."""
    click.echo(printable(document, keep_lines=True), nl=False)


def complain(problem: object) -> None:
    """Say on standard error what is wrong."""
    click.echo(f"posture: {printable(str(problem), keep_lines=True)}", err=True)
