"""``python -m sandbox COMMAND …``: the parts of the sandbox as commands for a terminal."""

import argparse
import importlib
import sys
from collections.abc import Sequence

# A command's module is imported only when it is run, and has `main(arguments) -> exit code`.
COMMANDS = {
    "controlplane": "sandbox.controlplane.command",
    "securityhub": "sandbox.securityhub.command",
    "organization": "sandbox.organization.command",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named command with the arguments that follow its name; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="see: python -m sandbox COMMAND --help")
    options = parser.parse_args(arguments)
    command = importlib.import_module(COMMANDS[options.command])
    return int(command.main(options.arguments))


if __name__ == "__main__":
    sys.exit(main())
