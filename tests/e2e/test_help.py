"""Help, what follows a slip, and what a shell completes: of every command, whatever it is called."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import pytest

from catalog import cli
from catalog.cli.context import Context
from catalog.cli.guide import examples, usage
from tests.e2e import terminal
from tests.e2e.ground import IDS, Ground
from tests.server import model

PROGRAM = [sys.executable, "-c", "from catalog.cli import main; main()"]


def below(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from below(each, f"{path} {name}".strip())


def commands() -> dict[str, click.Command]:
    top = click.Context(cli.command, obj=Context())
    found: dict[str, click.Command] = {}
    for name in cli.COMMANDS:
        command = cli.command.get_command(top, name)
        assert command is not None
        found |= dict(below(command, name))
    return found


COMMANDS = commands()


def parse(line: str) -> None:
    """Parse a command as it would be typed, and run nothing; raises UsageError where that is no command."""
    typed, _, _ = line.partition(" >")
    context = cli.command.make_context("catalog", shlex.split(typed), obj=Context())
    command: click.Command = cli.command
    rest = [*context._protected_args, *context.args]
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, found.make_context(name, list(rest), parent=context)
        rest = [*context._protected_args, *context.args]


@pytest.mark.parametrize("path", COMMANDS)
def test_each_help_ends_with_examples_that_are_commands(path: str) -> None:
    command = COMMANDS[path]
    lines = command.get_help(click.Context(command, info_name=f"catalog {path}", max_content_width=100)).splitlines()
    typed = examples.EXAMPLES[path]
    assert lines[-1].strip() == examples.GLOBAL
    shown = [line.strip() for line in lines[-2 - len(typed) : -2]]
    assert [line.split("  ")[0] for line in shown] == [f"catalog {line}" for line, _ in typed]
    for line, words in typed:
        assert line.startswith(path) or isinstance(command, click.Group)
        assert words
        parse(line)


def test_the_global_options_are_listed_once() -> None:
    top = cli.command.get_help(click.Context(cli.command, info_name="catalog"))
    assert [name for name in ("--config", "--quiet", "--verbose", "--log-format") if name not in top] == []
    for path, command in COMMANDS.items():
        options = command.get_help(click.Context(command, info_name=path)).split("Options:")[1].split("Example")[0]
        assert not any(name in options for name in ("--config", "--quiet", "--log-format")), path


@pytest.mark.parametrize("path", ["", *COMMANDS])
def test_help_is_what_help_of_the_command_prints(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*path.split(), "--help"]) == 0
    asked = capsys.readouterr().out
    assert cli.run(["help", *path.split()]) == 0
    assert capsys.readouterr().out == asked


SLIPS: dict[str, tuple[str, str]] = {
    "list": ('there is no command "list"; did you mean "models"?', "catalog --help"),
    "ls": ('there is no command "ls"; did you mean "models"?', "catalog --help"),
    "lst": ('there is no command "lst"; did you mean "models"?', "catalog --help"),
    "Modles": ('there is no command "Modles"; did you mean "models"?', "catalog --help"),
    "snyc": ('there is no command "snyc"; did you mean "sync"?', "catalog --help"),
    "update": ('there is no command "update"; did you mean "sync"?', "catalog --help"),
    "backup": ('there is no command "backup"; did you mean "db backup"?', "catalog --help"),
    "version": ('there is no command "version"; did you mean "--version"?', "catalog --help"),
    "nope": ('there is no command "nope"', "catalog --help"),
    "foo": ('there is no command "foo"', "catalog --help"),
    "opne": ('there is no command "opne"', "catalog --help"),
    "complet": ('there is no command "complet"; did you mean "completion"?', "catalog --help"),
    "models --nope": ('catalog models has no option "--nope"', "catalog models --help"),
    "models --lime": ('catalog models has no option "--lime"; did you mean "--line"?', "catalog models --help"),
    "models --retir 9d": (
        'catalog models has no option "--retir"; did you mean "--retiring"?',
        "catalog models --help",
    ),
    "models --colour": ('catalog models has no option "--colour"', "catalog models --help"),
    "zzz": ('there is no command "zzz"', "catalog --help"),
    "help zzz": ('there is no command "zzz"', "catalog --help"),
    "help snyc": ('there is no command "snyc"; did you mean "sync"?', "catalog --help"),
    "help sync x": ('there is no command "x" below `catalog sync`', "catalog sync --help"),
    "db bakup": ('there is no command "bakup" below `catalog db`; did you mean "backup"?', "catalog db --help"),
    "db zzz": ('there is no command "zzz" below `catalog db`', "catalog db --help"),
    "alerts list_": (
        'there is no command "list_" below `catalog alerts`; did you mean "list"?',
        "catalog alerts --help",
    ),
    "watch chek": ('there is no command "chek" below `catalog watch`; did you mean "check"?', "catalog watch --help"),
    "changes m-1": ('catalog changes takes no "m-1"', "catalog changes --model m-1"),
    "models m-1": ('catalog models takes no "m-1"', "catalog models --match m-1"),
    "models m-*": ('catalog models takes no "m-*"', "catalog models --match 'm-*'"),
    "status m-1": ('catalog status takes no "m-1"', "catalog status --help"),
    "diff 1d 2d m-1": ('catalog diff takes no "m-1"', "catalog diff --match m-1"),
    "changes a b": ('catalog changes takes no "a b"', "catalog changes --help"),
    "changes --limit abc": ("--limit: 'abc' is no whole number", "catalog changes --help"),
    "changes --limit -1": ("--limit: -1 is too small: at least 0", "catalog changes --help"),
    "changes --limit 9999999999": (
        "--limit: 9999999999 is too great: at most 2147483647",
        "catalog changes --help",
    ),
    "sync --jobs 99": ("--jobs: 99 is not between 1 and 64", "catalog sync --help"),
    "sync --jobs 1.5": ("--jobs: '1.5' is no whole number", "catalog sync --help"),
    "changes --limt 3": ('catalog changes has no option "--limt"; did you mean "--limit"?', "catalog changes --help"),
    "changes --zzz": ('catalog changes has no option "--zzz"', "catalog changes --help"),
    "completion csh": ("SHELL: 'csh' is not one of bash, zsh, fish", ""),
    "completion": ("catalog completion needs SHELL: bash, zsh, fish", ""),
    "show": ("catalog show needs ID", "catalog show --help"),
    "diff": ("catalog diff needs T1", "catalog diff --help"),
    "backfill": ("catalog backfill needs SOURCE", "catalog backfill --help"),
    "backfill a": ("catalog backfill needs PATH...", "catalog backfill --help"),
    "watch scan": ("catalog watch scan needs PATH...", "catalog watch scan --help"),
    "db backup": ("catalog db backup needs FILE", "catalog db backup --help"),
    "db restore": ("catalog db restore needs FILE", "catalog db restore --help"),
    "alerts test": ("catalog alerts test needs CHANNEL", "catalog alerts test --help"),
    "changes --limit": ("--limit needs a value", "catalog --help"),
    "models --as-of": ("--as-of needs a value", "catalog --help"),
    "models --json=1": ("--json takes no value", "catalog --help"),
    "--config": ("--config needs a value", "catalog --help"),
    "changes --kind gone": (
        "--kind: 'gone' is not one of added, removed, returned, changed",
        "catalog changes --help",
    ),
}


@pytest.mark.warns
@pytest.mark.parametrize(("typed", "told"), SLIPS.items(), ids=SLIPS.keys())
def test_a_slip_is_told_in_words_with_what_to_type(
    typed: str, told: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(typed.split()) == 2
    out, err = capsys.readouterr()
    words, hint = told
    lines = [f"catalog: {words}", f"  {hint or 'catalog completion --help'}"]
    assert (out, err.splitlines()) == ("", lines)


BOUNDS = {
    "0 is not in the range x>=1.": "0 is too small: at least 1",
    "9 is not in the range x<=5.": "9 is too great: at most 5",
    "-1 is not in the range 0<=x<=2147483647.": "-1 is too small: at least 0",
    "'x' is not one of 'a', 'b'.": "'x' is not one of a, b",
    "'x' is not 'a'.": "'x' is not one of a",
}


@pytest.mark.parametrize(("theirs", "ours"), BOUNDS.items())
def test_a_number_out_of_bounds_is_told_with_the_bound(theirs: str, ours: str) -> None:
    assert usage._plain(theirs) == ours


# What a shell completes


def completed(folder: Path, typed: str, **environ: str) -> tuple[list[str], str]:
    """What bash would offer for the last word of what was typed, and what else was said."""
    words = typed.split(" ")
    done = subprocess.run(
        PROGRAM,
        cwd=folder,
        env={
            **os.environ,
            **environ,
            "_CATALOG_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return [line.partition(",")[2] for line in done.stdout.split()], done.stderr


CONFIG = """
[sources.anthropic]
base_url = "{url}"
[sources.another]
[[alerts]]
name = "team"
command = ["true"]
[[alerts]]
name = "night"
command = ["true"]
"""


@pytest.fixture
def stocked(bare: Ground) -> Ground:
    """A catalog of either kind with three models."""
    bare.server.models = [model(id) for id in (*IDS, "m_1", "m%2")]
    (bare.folder / "catalog.toml").write_text(CONFIG.format(url=bare.server.url))
    assert bare.run("sync", "anthropic")[0] == 0
    return bare


@pytest.mark.warns
def test_a_shell_completes_names_that_are_known(stocked: Ground) -> None:
    expected = {
        "catalog sync a": ["anthropic", "another"],
        "catalog sync ant": ["anthropic"],
        "catalog run an": ["anthropic", "another"],
        "catalog models --source ano": ["another"],
        "catalog alerts test t": ["team"],
        "catalog alerts retry ": ["team", "night"],
        "catalog show claude-": list(IDS),
        "catalog show m_": ["m_1"],
        "catalog show m%": ["m%2"],
        "catalog changes --model claude-b": ["claude-b"],
        "catalog watch check claude-a claude-": list(IDS),
        "catalog init --api openr": ["openrouter"],
        "catalog db ver": ["verify"],
        "catalog chan": ["changes"],
        "catalog backfill a": ["anthropic", "another"],
        "catalog help chan": ["changes"],
        "catalog help db ver": ["verify"],
        "catalog help watch ": ["check", "scan"],
        "catalog help sync ": [],
        "catalog help nope ": [],
        "catalog show zzz": [],
    }
    before = (stocked.folder / "catalog.toml").read_bytes()
    assert {typed: completed(stocked.folder, typed) for typed in expected} == {
        typed: (names, "") for typed, names in expected.items()
    }
    assert (stocked.folder / "catalog.toml").read_bytes() == before


@pytest.mark.parametrize(
    "content", [None, "[sources", "[databse]\nurl = 1", '[database]\nurl = "sqlite:///no/where.db"']
)
@pytest.mark.parametrize("typed", ["catalog show c", "catalog sync zz", "catalog alerts test t"])
def test_what_cannot_be_read_completes_nothing_and_says_nothing(
    tmp_path: Path, content: str | None, typed: str
) -> None:
    if content is not None:
        (tmp_path / "catalog.toml").write_text(content)
    files = sorted(tmp_path.iterdir())
    assert completed(tmp_path, typed) == ([], "")
    assert sorted(tmp_path.iterdir()) == files


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_program(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["completion", shell]) == 0
    assert f"_CATALOG_COMPLETE={shell}_complete" in capsys.readouterr().out


TYPED = {
    "catalog show lla\t": "ma3:",
    "catalog show llama3:7\t": "0b ",
    "catalog show llama3:\t8\t": "b ",
    "catalog show a:b:c\t": "d ",
    "catalog show claude-b\t": " ",
    "catalog watch check llama3:8b llama3:7\t": "0b ",
    "catalog models --as-of 2026-06-01T10:00 --source=ano\t": "ther ",
    "catalog sql --recipe reti\t": "ring ",
}


def shows(screen: terminal.Screen, seen: int, line: str) -> bool:
    """Tell whether a line stands on the screen, after what was seen; bells do not count."""
    return line in screen.text[seen:].replace("\a", "")


@contextmanager
def ended(shell: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a shell after the block, however that ended."""
    try:
        yield
    finally:
        shell.kill()
        shell.wait()


def test_bash_completes_words_with_colons(
    bare: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare.server.models = [model(id) for id in (*IDS, "llama3:8b", "llama3:70b", "a:b:cd")]
    (bare.folder / "catalog.toml").write_text(CONFIG.format(url=bare.server.url))
    assert bare.run("sync", "anthropic")[0] == 0
    assert cli.run(["completion", "bash"]) == 0
    (bare.folder / "rc").write_text(f"{capsys.readouterr().out}\nPS1='> '\n")
    program = bare.folder / "bin" / "catalog"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
    program.chmod(0o755)
    with terminal.screen(200, monkeypatch) as screen:
        shell = subprocess.Popen(
            ["bash", "--rcfile", "rc", "-i"],
            cwd=bare.folder,
            stdin=screen.theirs,
            stdout=screen.theirs,
            stderr=screen.theirs,
            env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "TERM": "dumb"},
            start_new_session=True,
        )
        with ended(shell):
            for typed, more in TYPED.items():
                seen, whole = len(screen.text), typed.replace("\t", "") + more
                os.write(screen.ours, typed.encode())
                terminal.wait_for(partial(shows, screen, seen, whole))
                os.write(screen.ours, b"\x15")
            os.write(screen.ours, b"\nexit\n")
            assert shell.wait(60) == 0
