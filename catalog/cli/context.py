"""What every command shares: the global options, the configuration, and how failures are told."""

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import click

from catalog.errors import CatalogError, DatabaseError, ListingError

if TYPE_CHECKING:
    import logging

    from catalog.config import Config, Key
    from catalog.logs import Redaction
    from catalog.settings import SourceSettings
    from catalog.upstream.fetch import Retry

Form = Literal["text", "json", "nl", "csv", "tsv"]

# Variables in which users of the API keep keys; hidden from the start, so that even an early failure prints none.
_USUAL_SECRETS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_ADDRESSES = ("CATALOG_DATABASE_URL", *_PROXIES, *(name.lower() for name in _PROXIES))  # with passwords in them
_LONG_PASSWORD = 10  # shorter ones are words ("postgres") whose striking out would garble the sentence


class Context:
    """One call of the program: its global options, and what was looked up on the way."""

    def __init__(self) -> None:
        self.config_path: str | None = None
        self.quiet = False
        self.verbose = False
        self.log_format: Literal["text", "json"] = "text"
        self._config: Config | None = None
        self._redaction: Redaction | None = None

    @property
    def redaction(self) -> "Redaction":
        """What strikes out every secret known so far."""
        if self._redaction is None:
            from catalog import logs

            self._redaction = logs.Redaction()
            for name in _USUAL_SECRETS:
                self._redaction.hide(os.environ.get(name))
            for name in _ADDRESSES:
                _hide_password(os.environ.get(name, ""), self._redaction)
        return self._redaction

    def start_logs(self) -> "logging.Logger":
        """Set up the log by the options known so far, and give the logger of the command line."""
        import logging

        from catalog import logs

        logs.configure(redaction=self.redaction, quiet=self.quiet, verbose=self.verbose, form=self.log_format)
        return logging.getLogger("catalog.cli")

    def note(self, name: str, value: Any) -> None:
        """Store a global option, whatever its place on the command line."""
        setattr(self, name, value)
        if self.quiet and self.verbose:
            raise click.UsageError("-q and -v contradict each other")
        self.start_logs()

    def say(self, words: str, event: str, **fields: object) -> None:
        """Print a sentence beside the data, on stderr, unless -q was given."""
        from catalog import logs

        self.start_logs().info("%s", words, extra=logs.event(event, **fields))

    def tell_busy(self) -> None:
        """Tell that the database waits for another process: where a person may be looking, else only with -v."""
        from catalog import logs

        self._tell_wait("another process is writing to the database; waiting", logs.event("database.busy"))

    def tell_retry(self, waiting: "Retry") -> None:
        """Tell what a request waits for, where a person may be looking; with -v the log has told it."""
        from catalog import logs

        if not self.verbose:
            words = f"{waiting.source}: {waiting.words(waiting.seconds)}"
            self._tell_wait(words, logs.event("fetch.retry", source=waiting.source))

    def _tell_wait(self, words: str, extra: "dict[str, object]") -> None:
        import logging
        import sys

        level = logging.INFO if sys.stderr.isatty() else logging.DEBUG
        self.start_logs().log(level, "%s", words, extra=extra)

    def config(self) -> "Config":
        """Read the configuration, once; its warnings go to stderr."""
        if self._config is None:
            from pathlib import Path

            from catalog import config, logs

            self._config = config.load(None if self.config_path is None else Path(self.config_path))
            for secret in config.secrets(self._config):
                self.redaction.hide(secret)
            _hide_password(self._config.database.url, self.redaction)
            for warning in self._config.warnings:
                self.start_logs().warning("%s", warning, extra=logs.event("config.warning"))
        return self._config

    def key(self, source: "SourceSettings") -> "Key | None":
        """Look up a source's key and hide it in all later lines; None: it needs none. Raises ConfigError without it."""
        from catalog import config

        key = config.key(source)
        if key is not None:
            self.redaction.hide(key.reveal())
        return key

    def fail(self, error: CatalogError, *, with_said: bool = False) -> int:
        """Report a foreseen failure, and give its exit code.

        `with_said`: also quote what the API said, in text for people only; a JSON log never holds that.
        """
        from catalog import logs

        code = int(error.exit_code)
        told = logs.event("command.failed", error=type(error).__name__, exit_code=code, hint=error.hint)
        told["said"] = error.said if with_said and isinstance(error, ListingError) else ""
        is_outage = isinstance(error, (ListingError, DatabaseError))  # what it came from explains nothing more
        trace = error if self.verbose and error.__traceback__ and not is_outage else None
        self.start_logs().error("%s", error.message, extra=told, exc_info=trace)
        return code


pass_context = click.make_pass_decorator(Context, ensure=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_global_options(command: click.Command, path: str) -> click.Command:
    """Let a command and its subcommands take the global options as well, as people type them last.

    Their helps end with examples, and shells complete the names that they take.
    """
    from catalog.cli.guide import examples, names  # `catalog --help` needs neither

    if not any(parameter.name == "log_format" for parameter in command.params):
        for parameter in command.params:
            names.complete(parameter)
        command.params.extend(global_options(hidden=True))
        examples.end_help(command, path)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            with_global_options(below, f"{path} {name}")
    return command


def global_options(*, hidden: bool = False) -> list[click.Parameter]:
    """Make the options that every command takes, before or after its name; `hidden` ones are in no help."""
    kinds: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        (("--config", "config_path"), {"metavar": "FILE", "help": "Read this configuration file."}),
        (("-q", "--quiet"), {"is_flag": True, "help": "Tell only changes and problems."}),
        (("-v", "--verbose"), {"is_flag": True, "help": "Tell more: each try, each change, tracebacks."}),
        (("--log-format",), {"type": click.Choice(["text", "json"]), "help": "How the lines on stderr look.  [text]"}),
    ]
    return [_option(*names, **settings, hidden=hidden) for names, settings in kinds]


def list_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json, --nl, --csv and --tsv; the command receives `form`, which is "text" without any of them."""

    @json_option
    @click.option("--nl", "as_nl", is_flag=True, help="Print JSON, an object a line.")
    @click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header line.")
    @click.option("--tsv", "as_tsv", is_flag=True, help="Print the same with tabs between.")
    @functools.wraps(function)
    def command(*args: Any, as_json: bool, as_nl: bool, as_csv: bool, as_tsv: bool, **kwargs: Any) -> Any:
        given: dict[Form, bool] = {"json": as_json, "nl": as_nl, "csv": as_csv, "tsv": as_tsv}
        forms = [form for form, wanted in given.items() if wanted]
        if len(forms) > 1:
            raise click.UsageError(f"--{forms[0]} and --{forms[1]} contradict each other")
        return function(*args, form=forms[0] if forms else "text", **kwargs)

    return command


def _option(*names: str, **settings: Any) -> click.Option:
    def note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value not in {None, False} and parameter.name:
            context.ensure_object(Context).note(parameter.name, value)

    return click.Option(list(names), expose_value=False, callback=note, **settings)


def _hide_password(url: str, redaction: "Redaction") -> None:
    """Hide the password in a database URL (as a URL or as `password=...`) or in a proxy's address."""
    import re
    from urllib.parse import unquote, urlsplit

    try:
        password = urlsplit(url).password or ""
    except ValueError:  # it cannot be parsed, so all of it may be the password
        password = url
    redaction.hide(f":{password}@")
    named = re.findall(r"password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]+)", url)
    for text in (password, *(each.strip("'") for each in named)):
        if len(text) >= _LONG_PASSWORD:
            redaction.hide(text)
            redaction.hide(unquote(text))
