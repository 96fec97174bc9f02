"""The options of commands that read a Security Hub once, for a target of the cluster or without one.

A command gets all of them as one `Asked`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from posture.cli.terminal import Length, config_option, context_option, namespace_option

if TYPE_CHECKING:
    from posture.cli.reading.looking import LookedAt

# As `ScoringMethod` of the API, which takes long to load for a help text.
METHODS = ("SecurityHub", "ExpectedControls")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_CLUSTERS = ("namespace", "context", "config")
_WITH_A_TARGET = frozenset({"target", "external_id", "cache", "timeout", *_CLUSTERS})


class ReadingOptions(NamedTuple):
    """What is to be read. Of `target` and `spec` one says whose: the cluster's, or that of these options."""

    target: str | None
    namespace: str | None
    context: str | None
    config: Path | None
    spec: Mapping[str, Any]
    external_id: str | None
    cache: Path | None
    within: timedelta | None

    async def looked_at(self) -> "LookedAt":
        """Find what is to be looked at; only a target of the cluster needs a client. Raises CannotLook."""
        if self.target is None:
            from posture.cli.reading.looking import target_described

            return target_described(self)
        from posture.cli.reading.cluster import target_of_the_cluster

        return await target_of_the_cluster(self)


_Option = Callable[[Callable[..., None]], Callable[..., None]]

_STANDARDS: _Option = click.option(
    "--standard",
    "standards",
    multiple=True,
    default=["*"],
    show_default="all of AWS that are enabled",
    help="Such as aws-foundational-security-best-practices/v/1.0.0 (repeatable).",
)
_ACCOUNTS: _Option = click.option(
    "--accounts", multiple=True, default=["*"], show_default="all", help="Account ids or globs (repeatable)."
)
_METHOD: _Option = click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="By which the scores are made.",
)
_OF_A_HUB: tuple[_Option, ...] = (
    click.option("--region", envvar=_REGIONS, help="Of the Security Hub, where no TARGET says it."),
    click.option("--role-arn", help="Role to assume. Default: the AWS credentials at hand."),
    click.option(
        "--account-name-pattern",
        help="With the groups (?P<workload>…) and (?P<environment>…), for workloads.",
    ),
)
_ALWAYS: tuple[_Option, ...] = (
    click.option(
        "--external-id",
        envvar="POSTURE_EXTERNAL_ID",
        show_envvar=True,
        help="What the role is assumed with.",
    ),
    click.option(
        "--cache",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder that keeps what was read: the next time only what has changed is.",
    ),
    click.option(
        "--timeout", type=Length(), help="How long reading may take; then it ends with 124. Default: no end."
    ),
    namespace_option("Namespace of TARGET. Default: that of the context."),
    context_option,
    config_option(
        "The operator's configuration file, for what TARGET's namespace is granted.", must_exist=True
    ),
)
_NARROWING: tuple[_Option, ...] = (_STANDARDS, _ACCOUNTS)


def reads_a_target(command: Callable[..., None]) -> Callable[..., None]:
    """Add TARGET and what describes one; the command gets them as `asked`."""
    return _reading(command, (*_OF_A_HUB, *_NARROWING))


def reads_a_target_to_score(command: Callable[..., None]) -> Callable[..., None]:
    """Add the same, and how it is scored."""
    return _reading(command, (*_OF_A_HUB, *_NARROWING, _METHOD))


def reads_a_target_to_select(command: Callable[..., None]) -> Callable[..., None]:
    """Add the same for a command that has selectors: these narrow it down."""
    return _reading(command, _OF_A_HUB)


def _reading(command: Callable[..., None], of_a_hub: tuple[_Option, ...]) -> Callable[..., None]:
    before = {each.name for each in getattr(command, "__click_params__", ())}

    @wraps(command)
    def with_asked(**given: Any) -> None:  # noqa: ANN401 - the options, whatever they are
        own = {name: given.pop(name) for name in before}
        command(asked=_asked(given), **own)

    decorated: Callable[..., None] = with_asked
    for option in reversed((*of_a_hub, *_ALWAYS)):
        decorated = option(decorated)
    return click.argument("target", required=False)(decorated)


def _asked(given: Mapping[str, Any]) -> ReadingOptions:
    """Return what is asked for. Raises UsageError where it is not clear whose target that is."""
    target = given["target"]
    if target is not None and (strange := _written(name for name in given if name not in _WITH_A_TARGET)):
        raise click.UsageError(f"{strange} describes a target without a cluster, and {target} is one of it")
    if target is None and (strange := _written(_CLUSTERS)):
        raise click.UsageError(f"{strange} is for a TARGET of the cluster, which is not named")
    if target is None and not given["region"]:
        raise click.UsageError(
            "name a TARGET of the cluster, or write --region for a Security Hub without one"
        )
    return ReadingOptions(
        target,
        given["namespace"],
        given["context"],
        given["config"],
        {} if target else _spec(given),
        given["external_id"],
        given["cache"],
        given["timeout"],
    )


def _spec(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec of a PostureTarget as the options describe it."""
    role_arn, pattern = given["role_arn"], given["account_name_pattern"]
    return {
        "aws": {"region": given["region"]} | ({"roleArn": role_arn} if role_arn else {}),
        "source": {"securityStandards": {"standards": list(given.get("standards", ["*"]))}},
        "accounts": {"include": list(given.get("accounts", ["*"]))},
        "scoring": {"method": given.get("method", METHODS[0])},
        "grouping": {"accountNamePattern": pattern} if pattern else {},
    }


def _written(names: Iterable[str]) -> str | None:
    """Return the first of some options that was written on the command line, as it is spelled."""
    context = click.get_current_context()
    spelled = {each.name: each.opts[0] for each in context.command.params}
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            return spelled[name]
    return None
