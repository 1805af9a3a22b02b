"""The command line: finds the command, runs it, and says on stderr how it ended.

A command returns an exit code (None: done) or raises a CatalogError. Its module is imported only when it is called.
"""

import errno
import gc
import io
import os
import signal
import stat
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType, ModuleType
from typing import NoReturn

import click

from catalog import __version__
from catalog.cli.context import Context, global_options, with_global_options
from catalog.errors import CatalogError, Exit

# The module of each command, and its line in `catalog --help`, which imports none of them.
COMMANDS = {
    "demo": ("catalog.cli.running.demo:command", "Play the recorded history of a real catalog; no key, no network."),
    "init": ("catalog.cli.init:command", "Write a commented catalog.toml."),
    "apis": ("catalog.cli.apis:command", "List the APIs that are known by name, and their keys."),
    "check": ("catalog.cli.check:command", "Say what is wrong with the set-up, and how to mend it."),
    "sync": ("catalog.cli.running.sync:command", "Read each source's list and record what changed."),
    "backfill": ("catalog.cli.running.backfill:command", "Record answers of the past as the runs of a source."),
    "run": ("catalog.cli.running.worker:command", "Stay up, and do the same on a schedule."),
    "models": ("catalog.cli.reading.models:command", "List the models: now, or at a moment."),
    "show": ("catalog.cli.reading.show:command", "Tell one model's whole story."),
    "changes": ("catalog.cli.reading.reads:changes", "Print the change log, newest first."),
    "diff": ("catalog.cli.reading.reads:diff", "Say what differs between two moments."),
    "runs": ("catalog.cli.reading.reads:runs", "List the sync runs: when, how long, what came of them."),
    "sql": ("catalog.cli.reading.sql:command", "Answer an SQL query, or a recipe of the cookbook."),
    "status": ("catalog.cli.reading.status:command", "Say whether each source is fresh: exit 0 healthy, 1 not."),
    "alerts": ("catalog.cli.alerts:command", "Look after the alerts: pending, dead, a sample, another try."),
    "web": ("catalog.cli.web:command", "Serve pages: what is listed, what changed, whether all works."),
    "publish": ("catalog.cli.publish:command", "Write the same pages into a folder."),
    "watch": ("catalog.cli.building.watch:command", "Say whether the models you depend on are still fine."),
    "db": ("catalog.cli.db:command", "Look after the database: upgrade, copy, restore, verify, prune."),
    "help": ("catalog.cli.guide.help:command", "Show the help of a command."),
    "completion": ("catalog.cli.guide.completion:command", "Print what lets a shell complete commands and names."),
}

# What people type who know other programs.
_MEANT = {
    "backup": "db backup",
    "config": "init",
    "doctor": "check",
    "fetch": "sync",
    "get": "show",
    "history": "changes",
    "info": "show",
    "list": "models",
    "log": "changes",
    "ls": "models",
    "migrate": "db upgrade",
    "prune": "db prune",
    "pull": "sync",
    "restore": "db restore",
    "search": "models",
    "serve": "web",
    "start": "run",
    "update": "sync",
    "upgrade": "db upgrade",
    "verify": "db verify",
    "version": "--version",
    "worker": "run",
}


class Terminated(SystemExit):
    """SIGTERM or SIGHUP came. As a SystemExit it passes every `except Exception`, and open transactions roll back."""


class LazyGroup(click.Group):
    """Imports the module of the command that is called, and no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        return with_global_options(getattr(_import(module), name), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    params=global_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _option, wanted: _tell_versions(context) if wanted else None,
    help="Show the version and exit.",
)
@click.pass_context
def command(context: click.Context) -> None:
    """Keep a catalog of the models an API lists: what is listed now, what was listed then, what changed, when."""
    context.ensure_object(Context).start_logs()


def _tell_versions(context: click.Context) -> NoReturn:
    """Print what a report of a fault should name, and end."""
    from catalog.store.schema import versions

    python = sys.version.partition(" ")[0]
    for line in (f"catalog {__version__}", f"Python {python}", *versions.lines()):
        click.echo(line)
    context.exit()


def main() -> NoReturn:
    """Run the program: the arguments are the process's, and so is the exit code."""
    _mend_streams()
    threading.excepthook = _log_lost_thread
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup leaves it
        signal.signal(signal.SIGHUP, _terminate)
    code = run(sys.argv[1:])
    _drop_dead_streams()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code; a failure is printed on stderr, once."""
    context = Context()
    try:
        code = command.main(args=list(arguments), prog_name="catalog", standalone_mode=False, obj=context)
        _flush()
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - the outermost edge: no caller is left to report it
        return _told(context, error)
    return int(code or Exit.DONE)


def _told(context: Context, error: BaseException) -> int:
    """Report how the command ended, and give its exit code."""
    match error:
        case CatalogError():
            code = context.fail(error)
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            code = error.exit_code
        case click.ClickException():
            from catalog.cli.guide import usage

            context.fail(usage.explained(error, _MEANT))
            code = error.exit_code
        case click.Abort() | KeyboardInterrupt():
            code = _stopped(context, Exit.INTERRUPTED)
        case Terminated():
            code = _stopped(context, Exit.TERMINATED)
        case BrokenPipeError() | SystemExit():  # the reader of stdout left, as `head` does; click makes it an exit
            code = Exit.PIPE_CLOSED
        case OSError() if isinstance(error.__context__, Terminated):  # the terminal is gone, hence the signal
            code = _stopped(context, Exit.TERMINATED)
        case OSError(filename=None, errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO, strerror=reason):
            code = context.fail(CatalogError(f"the output could not be written: {reason}"))
        case _:
            code = _unexpected(context, error)
    return code


def _stopped(context: Context, code: Exit) -> int:
    """Report an end by a signal, which is no failure; the terminal may be gone."""
    from catalog import logs

    with suppress(OSError):
        _flush()
    told = logs.event("command.stopped", exit_code=code)
    context.start_logs().info("catalog: %s; nothing is half-written", code.name.lower(), extra=told)
    return code


def _unexpected(context: Context, error: BaseException) -> int:
    """Report an unforeseen failure by its type alone, as its words may hold a secret; with -v, where it happened."""
    from catalog import logs

    hint = "" if context.verbose else " (run with -v for the traceback)"
    told = logs.event("command.failed", error=type(error).__name__, exit_code=int(Exit.FAILED))
    trace = error if context.verbose else None
    context.start_logs().error("unexpected: %s%s", type(error).__name__, hint, extra=told, exc_info=trace)
    return Exit.FAILED


def _import(name: str) -> ModuleType:
    """Import a module and freeze it: looking for garbage in it would cost a quarter of a short command."""
    from importlib import import_module

    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()


def _flush() -> None:
    """Write what is buffered while failures can still be told; afterwards Python must not try again."""
    try:
        sys.stdout.flush()
    except OSError:
        from catalog.cli.terminal import output

        output.mute()
        raise


def _drop_dead_streams() -> None:
    """Send what is left for a closed terminal to /dev/null: else Python itself exits with 120."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        with suppress(OSError):
            stream.flush()
            if os.isatty(number) or not stat.S_ISCHR(os.fstat(number).st_mode):
                continue
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _mend_streams() -> None:
    """Escape what the terminal's encoding cannot print, and write to /dev/null where a stream was closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - it lives as long as we do
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _log_lost_thread(lost: threading.ExceptHookArgs) -> None:
    from catalog import logs  # late: `catalog --help` needs no logging

    logs.lost_thread(lost)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated(Exit.TERMINATED)
