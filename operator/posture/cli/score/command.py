"""`posture score`: its options; `doing` is what it does."""

import click

from posture.cli.output import LISTED
from posture.cli.reading.command import ReadingOptions, reads_a_target_to_score
from posture.cli.terminal import output_option


@click.command()
@reads_a_target_to_score
@click.option(
    "--minimum",
    type=click.FloatRange(0, 100),
    help="Percent: a lower score, unrounded, ends with 3. Of 89.6 and 90 too, though 90 is shown.",
)
@output_option(*LISTED, "html")
def score(*, asked: ReadingOptions, minimum: float | None, form: str) -> None:
    """Score a Security Hub once, as the operator does, with or without a cluster.

    Every finding is read at four fifths of AWS's quota, into a store on disk: a million take an hour or so,
    and bounded memory. Nothing is written to AWS. A score that is not exact is not printed: what passes is
    waited for, what does not ends with 1. With TARGET, which may be NAMESPACE/NAME, the cluster says what to
    look at and what policies turned off; without one that is not known, and counts as off.

    The HTML report is one file without outside links, to be read by an auditor or a manager, or printed:
    scores, what to fix first, and the exceptions with reason, approver and end.

    \b
    posture score --region eu-west-1
    posture score --region eu-west-1 --role-arn arn:aws:iam::111122223333:role/posture-reader -o json
    posture score --region eu-west-1 --standard 'cis-aws-foundations-benchmark/v/3.0.0' --minimum 90
    posture score organization -n security -o html > report.html
    """  # noqa: D301 - \b is click's: these lines stay as they are
    if form == "html":
        from posture.cli.score.report import print_report

        print_report(asked, minimum)
    else:
        from posture.cli.score.doing import print_score

        print_score(asked, minimum, form)
