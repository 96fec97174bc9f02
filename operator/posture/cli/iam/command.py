"""`posture iam`: the roles that the grants of a configuration need."""

import re
import sys
from pathlib import Path

import click

from posture.cli.iam.documents import Cluster
from posture.cli.iam.roles import NoOperatorRole, operator_arn, roles
from posture.cli.iam.templates import Roles, as_cloudformation, as_documents, as_terraform
from posture.cli.terminal import complain, config_option, output_option, show
from posture.config.file import ConfigError, load
from posture.domain.arns import ROLE_ARN

_FORMS = {"json": as_documents, "cloudformation": as_cloudformation, "terraform": as_terraform}


class _Matching(click.ParamType[str]):
    """A text of which all matches a pattern."""

    def __init__(self, name: str, pattern: str, says: str) -> None:
        self.name = name
        self._pattern = re.compile(pattern, re.ASCII)
        self._says = says

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the text, or refuse it."""
        if not isinstance(value, str) or not self._pattern.fullmatch(value):
            self.fail(f"{value!r} is not {self._says}", param, ctx)
        return value


_ROLE = _Matching(
    "ARN", ROLE_ARN, "the ARN of a role, such as arn:aws:iam::111122223333:role/posture-operator"
)
_SERVICE_ACCOUNT = _Matching(
    "NAMESPACE/NAME",
    r"[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}",
    "NAMESPACE/NAME, such as posture/posture-posture-operator",
)
_ISSUER = _Matching(
    "ISSUER",
    r"(?:https://)?[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~-]+)*",
    "the address of an OIDC issuer",
)


@click.command()
@config_option("The operator's configuration file, for its grants and outputs.", required=True)
@click.option(
    "--operator-role",
    type=_ROLE,
    help="The operator's own role. Default: posture-operator in the account of the first of roleArns.",
)
@click.option(
    "--oidc-provider",
    type=_ISSUER,
    help="Issuer of the cluster's tokens, for IAM roles for service accounts. Default: EKS Pod Identity.",
)
@click.option(
    "--service-account",
    type=_SERVICE_ACCOUNT,
    default="posture/posture-posture-operator",
    show_default=True,
    help="Of the operator's pod, with --oidc-provider.",
)
@click.option(
    "--read-config",
    is_flag=True,
    help="Let the roles that read Security Hub read AWS Config too: for targets scored by its rules.",
)
@output_option(*_FORMS)
def iam(
    *,
    config: Path,
    operator_role: str | None,
    oidc_provider: str | None,
    service_account: str,
    read_config: bool,
    form: str,
) -> None:
    """Print the IAM roles that the grants and outputs need, with who may assume each, and no right beyond.

    What an action needs is what it declares: with maxMode DryRun, or none, nothing may be written. Where a
    grant says a glob, the usual name that fits it is taken: posture-reader, posture-controls,
    posture-remediation. External ids are printed nowhere: templates have a parameter for each.

    \b
    posture iam --config posture.yaml
    posture iam --config posture.yaml -o cloudformation > posture-iam.yaml
    posture iam --config posture.yaml -o terraform > posture-iam.tf
    """  # noqa: D301 - \b is click's: these lines stay as they are
    issuer = None if oidc_provider is None else oidc_provider.removeprefix("https://")
    cluster = Cluster(issuer, service_account)
    try:
        loaded = load(config)
        grants, outputs = loaded.grants, loaded.outputs.cloud_watch
        operator = operator_role or operator_arn(grants, outputs)
        needed = roles(grants, operator, outputs, loaded.snapshots, reads_config=read_config)
        found = Roles(needed, operator, cluster)
        show(_FORMS[form](found))
    except (ConfigError, NoOperatorRole, ValueError) as error:
        complain(error)
        sys.exit(1)
