"""`posture validate`: its options; `doing` is what it does."""

from pathlib import Path

import click

from posture.cli.terminal import config_option, filename_option, output_option


@click.command()
@filename_option
@config_option("The operator's configuration file, which says how far away an end may be.", must_exist=True)
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@output_option("text", "json", "yaml", "csv", "markdown")
def validate(*, paths: tuple[str, ...], config: Path | None, strict: bool, form: str) -> None:
    """Check manifests as the API server and the operator would, without either.

    Every problem is told with file, line and what to write. Objects of other groups are left alone; in
    folders, files that name none of the operator's kinds are not read. Ends with 1 where something is wrong.

    \b
    posture validate -f policies/
    kustomize build . | posture validate -f -
    posture validate -f target.yaml --config posture.yaml -o json
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.validate.doing import validate_files

    validate_files(paths, config, form, strict=strict)
