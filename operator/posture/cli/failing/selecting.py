"""The lists of a selector as options: each may be repeated, and is fitted by any of its values."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import click

Lists = Mapping[str, Any]
"""A selector as in YAML, of the lists that were written."""

# As `Severity` of the domain, the most severe first.
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")


class _Tag(click.ParamType[tuple[str, str]]):
    name = "KEY=VALUE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        key, equals, fits = str(value).partition("=")
        if not key or not equals:
            self.fail(f"{value!r} is not KEY=VALUE, such as team=storage, or team=* for any", param, ctx)
        return key, fits


_SAYS = {
    "controls": "Control ids such as S3.11 or 'EC2.*', in any case.",
    "standards": "Standards such as 'cis-aws-foundations-benchmark/v/*'.",
    "accounts": "Account ids.",
    "workloads": "Workloads, as the target groups its accounts.",
    "environments": "Environments, as the target groups its accounts.",
    "regions": "Regions in which the findings originate.",
    "resourceTypes": "Types of resources such as AwsS3Bucket.",
    "resourceIds": "Ids of resources, mostly ARNs.",
    "severities": "Severities.",
    "products": "Products such as GuardDuty; without TARGET, those that are named are read too.",
    "titles": "Titles of findings.",
    "tags": "Tags of the resource; all keys must fit.",
}
_TYPES: Mapping[str, click.ParamType[Any]] = {
    "severities": click.Choice(SEVERITIES, case_sensitive=False),
    "tags": _Tag(),
}
LISTS = tuple(_SAYS)


def option_of(name: str) -> str:
    """Return how the option of a list is spelled: `--resource-types` of `resourceTypes`."""
    return "--" + "".join(f"-{char.lower()}" if char.isupper() else char for char in name)


def selects(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each list of a selector; the command gets them as `lists`."""

    @wraps(command)
    def with_lists(**given: Any) -> None:  # noqa: ANN401 - the options, whatever they are
        lists = {name: given.pop(f"_{name}") for name in LISTS}
        command(lists=_written(lists), **given)

    decorated: Callable[..., None] = with_lists
    for name in reversed(LISTS):
        spelled = (option_of(name), "--control") if name == "controls" else (option_of(name),)
        decorated = click.option(
            *spelled, f"_{name}", multiple=True, type=_TYPES.get(name), help=_SAYS[name]
        )(decorated)
    return decorated


def _written(lists: Mapping[str, tuple[Any, ...]]) -> Lists:
    """Return the lists that have values, each value once; tags by their keys."""
    written: dict[str, Any] = {name: list(dict.fromkeys(values)) for name, values in lists.items() if values}
    if "tags" in written:
        tags: dict[str, list[str]] = {}
        for key, value in written["tags"]:
            tags.setdefault(key, []).append(value)
        written["tags"] = tags
    return written
