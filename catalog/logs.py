"""Log lines for people and for machines, with every known secret struck out; the only place that sets up logging.

A module logs a sentence and an event: `log.info("the list has 8 models", extra=logs.event("walk.finished", pages=1))`.
Events and their fields are documented and stable; sentences are not.
"""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal, TextIO
from urllib.parse import quote

from catalog import dates
from catalog.text import harmless_lines

_SHORTEST = 4  # striking out anything shorter would only garble
_LOCK = threading.Lock()  # threads may hide a secret, or set up logging, at the same time


class Redaction:
    """Replaces the secrets it knows by ***, in each spelling in which they are likely to be quoted."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()

    def hide(self, secret: str | None) -> None:
        """Add a secret; from now on it is struck out."""
        if secret and len(secret) >= _SHORTEST:
            spellings = {secret, quote(secret, safe=""), repr(secret)[1:-1], json.dumps(secret)[1:-1]}
            with _LOCK:
                self._secrets |= spellings | {json.dumps(spelling)[1:-1] for spelling in spellings}

    def __call__(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def event(name: str, **fields: object) -> dict[str, object]:
    """Give what a logger takes as `extra`: a stable name, and fields for machines."""
    return {"event": name, "fields": fields}


def json_line(
    message: str, extra: Mapping[str, object], *, level: str = "info", moment: datetime | None = None, trace: str = ""
) -> str:
    """Give a line for machines: one JSON object, ASCII only. `extra` is what `event` gave."""
    fields = extra.get("fields")
    line = {
        **(fields if isinstance(fields, Mapping) else {}),
        "time": dates.to_text(moment or datetime.now(UTC)),
        "level": level,
        "event": extra.get("event"),
        "message": message,
        **({"traceback": trace} if trace else {}),
    }
    return json.dumps(line, default=_plain_value)


def configure(
    *,
    redaction: Redaction,
    quiet: bool = False,
    verbose: bool = False,
    form: Literal["text", "json"] = "text",
    stream: TextIO | None = None,
) -> None:
    """Send our log lines to stderr; quiet: only problems, verbose: everything. Other libraries: only warnings.

    May be called at any time. The one handler stays in place: a moment without it would print a record unredacted.
    """
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings quote whole URLs, which may be secrets
    formatter = _JsonFormatter if form == "json" else _TextFormatter
    _write(formatter(redaction, tracebacks=verbose), stream or sys.stderr)
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    logging.getLogger("catalog").setLevel(level)


def lost_thread(lost: threading.ExceptHookArgs) -> None:
    """Log what ended a thread, by its type alone: Python itself would print its words, which may hold a secret."""
    if lost.exc_type is SystemExit or lost.exc_value is None:
        return
    name, kind = lost.thread.name if lost.thread else "a thread", lost.exc_type.__name__
    trace = (lost.exc_type, lost.exc_value, lost.exc_traceback)
    told = event("thread.failed", error=kind)
    logging.getLogger("catalog").error("%s ended unexpectedly: %s", name, kind, extra=told, exc_info=trace)


class Outages:
    """Logs an outage when it begins and when it ends, and not at each attempt in between.

    Several parts may meet the same outage, each under its own name: it is logged once, and its end is logged when it
    is over for all of them.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: dict[str, set[str]] = {}
        self._turn = threading.Lock()

    def begin(self, part: str, words: str, extra: Mapping[str, object]) -> bool:
        """Log a warning; False: it was logged before, and goes to the debug log now."""
        with self._turn:
            new = not any(words in said for said in self._said.values())
            self._said.setdefault(part, set()).add(words)
        self._log.log(logging.WARNING if new else logging.DEBUG, "%s", words, extra=extra)
        return new

    def end(self, part: str, words: str, extra: Mapping[str, object]) -> None:
        """Log that it works again, if it did not."""
        with self._turn:
            over = self._said.pop(part, None) is not None and not self._said
        if over:
            self._log.info("%s", words, extra=extra)


class _LogHandler(logging.StreamHandler[TextIO]):
    """Our one handler, for the life of the process; its type tells it from those of tests and embedding programs."""

    def redirect(self, formatter: logging.Formatter, stream: TextIO) -> None:
        """Write in this form and to this stream from the next record on."""
        self.acquire()
        try:
            self.formatter, self.stream = formatter, stream
        finally:
            self.release()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say that a line is missing. The base class would print the record's arguments, unredacted."""
        with suppress(OSError, ValueError):
            self.stream.write(f"catalog: a line of {record.name} could not be written\n")


def _write(formatter: logging.Formatter, stream: TextIO) -> None:
    """Set up our handler; the first call adds it, and removes Python's last resort, which redacts nothing."""
    root = logging.getLogger()
    with _LOCK:
        ours = next((each for each in root.handlers if isinstance(each, _LogHandler)), None)
        handler = ours or _LogHandler(stream)
        handler.redirect(formatter, stream)
        if ours is None:
            logging.lastResort = None
            root.addHandler(handler)


class _Formatter(logging.Formatter):
    def __init__(self, redaction: Redaction, *, tracebacks: bool) -> None:
        super().__init__()
        self._redaction, self._tracebacks = redaction, tracebacks


class _TextFormatter(_Formatter):
    """One line per record; problems begin with the program's name, and a hint stands indented below."""

    def format(self, record: logging.LogRecord) -> str:
        hint, said = _fields(record).get("hint"), getattr(record, "said", "")
        lines = [_indented(_prefix(record.levelno) + record.getMessage())]
        lines += [_indented(f"  the API says: {said}")] if said else []
        lines += [_indented(f"  {hint}")] if hint else []
        lines += _trace(record, whole=self._tracebacks)
        return harmless_lines(self._redaction("\n".join(lines)))


class _JsonFormatter(_Formatter):
    """One JSON object per record, ASCII only."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {"event": getattr(record, "event", record.name), "fields": _fields(record)}
        line = json_line(
            record.getMessage(),
            extra,
            level=record.levelname.lower(),
            moment=datetime.fromtimestamp(record.created, UTC),
            trace="\n".join(_trace(record, whole=self._tracebacks)),
        )
        return self._redaction(line)


def _indented(text: str) -> str:
    """Indent all lines but the first, so that quoted text cannot look like a log line of ours."""
    first, *others = text.split("\n")
    return "\n".join([first, *(line if line.startswith("  ") else f"  {line}" for line in others)])


def _prefix(level: int) -> str:
    if level >= logging.ERROR:
        return "catalog: "
    return "catalog: warning: " if level == logging.WARNING else ""


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, Mapping) else {}


def _trace(record: logging.LogRecord, *, whole: bool) -> list[str]:
    """Give the traceback, or only the type: the text of another library's exception may hold a secret."""
    if not record.exc_info or record.exc_info[0] is None:
        return []
    if whole:
        return "".join(traceback.format_exception(*record.exc_info)).rstrip().split("\n")
    return [f"  {record.exc_info[0].__name__}"]


def _plain_value(value: object) -> object:
    if isinstance(value, datetime):
        return dates.to_text(value)
    return list(value) if isinstance(value, (set, frozenset)) else str(value)
