"""The command line."""

from click.testing import CliRunner

from bench.__main__ import main


def test_help_and_what_is_refused() -> None:
    runner = CliRunner()
    assert "forward" in runner.invoke(main, ["--help"]).output
    assert runner.invoke(main, ["elsewhere"]).exit_code == 2
    assert runner.invoke(main, ["forward", "--rooms", "0"]).exit_code == 2


def test_a_failure_is_one_line_not_a_figure() -> None:
    command = "{bin}/python -c \"raise SystemExit('no licence')\""
    result = CliRunner().invoke(main, ["forward", "--rooms", "1", "--repeats", "1", "--server", command])
    assert result.exit_code == 1
    assert "no licence" in result.output
