"""`python -m sandbox organization`: write a simulated organization's findings, one JSON object a line."""

import argparse
import sys

from sandbox.organization.organization import Organization


def main(argv: list[str]) -> int:
    """Write the findings to standard output."""
    parser = argparse.ArgumentParser(prog="python -m sandbox organization", description=__doc__)
    parser.add_argument("--accounts", type=int, default=12)
    parser.add_argument(
        "--resources", type=int, default=2, help="of a type, in an account and Region, on average"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=None, help="at most so many findings")
    options = parser.parse_args(argv)
    organization = Organization(
        account_count=options.accounts, resources=options.resources, seed_number=options.seed
    )
    for finding in organization.findings(options.limit):
        sys.stdout.buffer.write(finding + b"\n")
    return 0
