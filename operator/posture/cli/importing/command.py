"""`posture import`: its options; `doing` is what it does."""

from pathlib import Path

import click

from posture.cli.terminal import namespace_option

_FORMS = ("fml", "prowler-mutelist", "csv")
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FILE_OR_INPUT = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)


@click.command(name="import")
@click.argument("form", type=click.Choice(_FORMS), metavar="fml|prowler-mutelist|csv")
@click.argument("path", type=_FILE_OR_INPUT, metavar="FILE")
@click.option("--target", required=True, help="The target whose findings are meant.")
@click.option("--approved-by", default="", help="Who approved it. A row of a CSV may say so itself.")
@click.option(
    "--expires-at",
    default="",
    metavar="TIME",
    help="When it ends, such as 2027-03-31T00:00:00Z. A row of a CSV may say so itself.",
)
@click.option(
    "--justification", default="", help="Why, for rules that do not say so in 20 to 250 characters."
)
@click.option(
    "--findings",
    type=_FILE,
    help="Prowler's CSV of findings, by which titles of checks and ARNs of resources are looked up.",
)
@namespace_option("The namespace that is written into the policies. Default: none.")
def import_rules(
    *,
    form: str,
    path: Path,
    target: str,
    approved_by: str,
    expires_at: str,
    justification: str,
    findings: Path | None,
    namespace: str | None,
) -> None:
    """Translate exceptions of other tools into SuppressionPolicies, on standard output.

    \b
    fml                suppressions of awsfindingsmanagerlib
    prowler-mutelist   a mutelist of Prowler, about its findings in Security Hub
    csv                control,accounts,regions,resources,justification,approvedBy,expiresAt,reference

    FILE may be - for standard input. A policy selects exactly what its rule does. A rule of which that
    cannot be said is not translated: a comment and a line on standard error say why. Ends with 1 where no
    rule is.

    \b
    posture import fml suppressions.yaml --target organization \\
      --approved-by security@example.com --expires-at 2027-03-31T00:00:00Z > policies.yaml
    posture import csv exceptions.csv --target organization -n security | posture validate -f -
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.importing.doing import import_file, problem_with
    from posture.cli.importing.policies import ImportTerms

    terms = ImportTerms(target, namespace or "", approved_by, expires_at, justification)
    for option, given in (("--approved-by", approved_by), ("--expires-at", expires_at)):
        if form != "csv" and not given:
            raise click.UsageError(f"Missing option '{option}'.")
    if findings is not None and form != "prowler-mutelist":
        raise click.BadParameter("only a mutelist of Prowler needs it", param_hint="--findings")
    problem = problem_with(terms)
    if problem is not None:
        raise click.BadParameter(problem[1], param_hint=problem[0])
    import_file(form, path, findings, terms)
