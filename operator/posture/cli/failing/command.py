"""`posture controls` and `posture findings`: their options; `controls` and `findings` are what they do."""

import click

from posture.cli.failing.selecting import Lists, selects
from posture.cli.output import LISTED
from posture.cli.reading.command import ReadingOptions, reads_a_target, reads_a_target_to_select
from posture.cli.terminal import output_option


@click.command()
@reads_a_target
@output_option(*LISTED)
def controls(*, asked: ReadingOptions, form: str) -> None:
    """Print the controls that fail, what to fix first at the top.

    That is by severity, then by failed findings. TARGET is a PostureTarget of the cluster, and may be
    NAMESPACE/NAME; without one, options describe what to look at, and no cluster is needed. Security Hub is
    read with the AWS credentials at hand as the operator reads it, and counted as it counts
    (posture_findings, state failed). Nothing is written to AWS.

    \b
    posture controls organization -n security
    posture controls --region eu-west-1 --accounts 111122223333 -o markdown
    posture controls security/organization --cache ~/.cache/posture -o json
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.failing.controls import print_controls

    print_controls(asked, form)


@click.command()
@reads_a_target_to_select
@selects
@output_option(*LISTED)
def findings(*, asked: ReadingOptions, lists: Lists, form: str) -> None:
    """Print the findings that fail, what to fix first at the top: by severity, then what fails for longest.

    What is printed narrows down by the lists of a selector, as policies and rules write them: each may be
    repeated, values are globs over the whole string, and all lists must fit. TARGET, what counts as failed
    and how it is read are as of `posture controls`. Of a million findings only a part is in memory at a time.

    \b
    posture findings organization -n security --control 'S3.*' --severities CRITICAL
    posture findings --region eu-west-1 --accounts 111122223333 -o csv > findings.csv
    posture findings organization --tags team=storage --resource-types AwsS3Bucket -o json
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.failing.findings import print_findings

    print_findings(asked, lists, form)
