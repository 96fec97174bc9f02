"""`posture score`: its options; `doing` is what it does."""

from pathlib import Path

import click

from posture.api.durations import Duration
from posture.cli.output import LISTED
from posture.cli.terminal import Length, output_option

# As `ScoringMethod` of the API, which takes long to load for a help text.
METHODS = ("SecurityHub", "ExpectedControls")


@click.command()
@click.option(
    "--region", required=True, envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Of the Security Hub."
)
@click.option("--role-arn", help="Role to assume. Default: the AWS credentials at hand.")
@click.option(
    "--external-id", envvar="POSTURE_EXTERNAL_ID", show_envvar=True, help="What that role is assumed with."
)
@click.option(
    "--standard",
    "standards",
    multiple=True,
    default=["*"],
    show_default="all of AWS that are enabled",
    help="Such as aws-foundational-security-best-practices/v/1.0.0 (repeatable).",
)
@click.option(
    "--accounts", multiple=True, default=["*"], show_default="all", help="Account ids or globs (repeatable)."
)
@click.option(
    "--account-name-pattern",
    help="With the groups (?P<workload>…) and (?P<environment>…), for scores of workloads.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="By which the scores are made.",
)
@click.option(
    "--minimum",
    type=click.FloatRange(0, 100),
    help="Percent: a lower score, unrounded, ends with 3. Of 89.6 and 90 too, though 90 is shown.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps what was read: the next time only what has changed is.",
)
@click.option(
    "--timeout", type=Length(), help="How long it may take; then it ends with 124. Default: no end."
)
@output_option(*LISTED)
def score(  # noqa: PLR0913 - the options that there are
    *,
    region: str,
    role_arn: str | None,
    external_id: str | None,
    standards: tuple[str, ...],
    accounts: tuple[str, ...],
    account_name_pattern: str | None,
    method: str,
    minimum: float | None,
    cache: Path | None,
    timeout: Duration | None,
    form: str,
) -> None:
    """Score a Security Hub once, as the operator does, without a cluster.

    Every finding is read at four fifths of AWS's quota, into a store on disk: a million take an hour or so,
    and bounded memory. Nothing is written to AWS. A score that is not exact is not printed: what passes is
    waited for, what does not ends with 1. What policies turned off is not known here, and counts as off.

    \b
    posture score --region eu-west-1
    posture score --region eu-west-1 --role-arn arn:aws:iam::111122223333:role/posture-reader -o json
    posture score --region eu-west-1 --standard 'cis-aws-foundations-benchmark/v/3.0.0' --minimum 90
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.score.doing import Asked, print_score

    spec = {
        "aws": {"region": region} | ({"roleArn": role_arn} if role_arn else {}),
        "source": {"securityStandards": {"standards": list(standards)}},
        "accounts": {"include": list(accounts)},
        "scoring": {"method": method},
        "grouping": {"accountNamePattern": account_name_pattern} if account_name_pattern else {},
    }
    print_score(Asked(spec, external_id, minimum, cache, timeout), form)
