from click.testing import CliRunner

from posture.cli import main
from posture.cli.run import run


def test_every_option_of_run_names_its_variable() -> None:
    shown = CliRunner().invoke(main, ["run", "--help"], terminal_width=200).output
    for option in run.params:
        named = f"POSTURE_{option.opts[0].removeprefix('--').replace('-', '_').upper()}"
        assert option.envvar == named
        assert f"env var: {named}" in shown


def test_the_list_of_commands_cuts_no_sentence_off() -> None:
    assert "..." not in CliRunner().invoke(main, ["--help"]).output.partition("Commands:")[2]
