"""`posture crds`: the kinds, as the API server takes them."""

import click
import yaml

from posture.api.crds import documents
from posture.cli.terminal import show


@click.command()
def crds() -> None:
    """Print the CRDs, ready for `kubectl apply --server-side -f -`."""
    show(yaml.safe_dump_all(documents(), sort_keys=False, width=110))
