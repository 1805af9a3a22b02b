"""-q prints changes and problems alone: cron mails nothing while all is well."""

import pytest

from tests.e2e.ground import Ground

COMMANDS = ["sync", "status", "check", "db upgrade", "db check", "db verify", "db backup copy.db"]


@pytest.mark.parametrize("command", COMMANDS)
def test_quiet_commands_print_no_good_line(ground: Ground, command: str) -> None:
    with_lines = ground.run(*command.split())
    (ground.folder / "copy.db").unlink(missing_ok=True)
    assert (with_lines[0], with_lines[1].strip() != "") == (0, True)
    assert ground.run(*command.split(), "-q") == (0, "", "")
    (ground.folder / "copy.db").unlink(missing_ok=True)
    assert ground.run("-q", *command.split()) == (0, "", "")


@pytest.mark.parametrize("command", ["alerts test team", "alerts send", "alerts retry", "check --send"])
def test_quiet_alerts_print_no_good_line(ground: Ground, command: str) -> None:
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write('[[alerts]]\nname = "team"\ncommand = ["cat"]\n')
    code, out, _ = ground.run(*command.split())
    assert (code, out != "") == (0, True)
    assert ground.run("-q", *command.split()) == (0, "", "")


def test_making_the_schema_is_no_problem_either(ground: Ground) -> None:
    (ground.folder / "catalog.db").unlink()
    assert ground.run("-q", "db", "upgrade") == (0, "", "")


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_a_quiet_sync_names_the_fields_that_could_not_be_read(ground: Ground, arguments: tuple[str, ...]) -> None:
    ground.server.models[0]["max_tokens"] = "lots"
    for _ in range(2):
        code, out, _ = ground.run("-q", "sync", *arguments)
        assert (code, "1 field could not be read (max_tokens of claude-a)" in out) == (0, True)
    del ground.server.models[0]["max_tokens"]
    ground.run("-q", "sync")
    assert ground.run("-q", "sync", *arguments) == (0, "", "")


@pytest.mark.warns
def test_quiet_commands_print_problems(ground: Ground) -> None:
    ground.execute("DROP INDEX catalog_run_finished_at_idx")
    code, out, _ = ground.run("-q", "db", "check")
    assert (code, "catalog_run_finished_at_idx" in out) == (4, True)
    assert ground.run("-q", "status")[:2] == (0, "")
    ground.configure(base_url="http://127.0.0.1:1")
    with ground.in_a_hurry():
        assert [ground.run("-q", "sync")[0] for _ in range(3)] == [3, 3, 3]
    code, out, _ = ground.run("-q", "status")
    assert (code, out.startswith("problem: anthropic: the last 3 runs failed"), len(out.splitlines())) == (1, True, 1)
