"""The command line: `posture run` and what goes with it."""

import click

from posture.cli.commands import crds, run
from posture.cli.exceptions.command import exceptions


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="posture-operator", prog_name="posture")
def main() -> None:
    """AWS security posture as Kubernetes objects: exact scores, documented exceptions."""


main.add_command(run)
main.add_command(crds)
main.add_command(exceptions)
