"""The name of a namespace on the command line."""

import re

import click

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
