"""Log lines for people and for machines, with every known secret struck out. Nothing else configures logging.

A module logs a sentence and an event: `log.info("the list has 8 models", extra=logs.event("walk.finished", pages=1))`.
Events and their fields are documented and stable; sentences are not.
"""

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO
from urllib.parse import quote

from catalog import dates, plain

_SHORTEST = 4  # striking out anything shorter would only garble


class Redaction:
    """Strikes out the secrets it was told of, in every spelling they are likely to be quoted in."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()

    def hide(self, secret: str | None) -> None:
        """Strike out this text from now on."""
        if secret and len(secret) >= _SHORTEST:
            spellings = {secret, quote(secret, safe=""), repr(secret)[1:-1], json.dumps(secret)[1:-1]}
            self._secrets |= spellings | {json.dumps(spelling)[1:-1] for spelling in spellings}

    def __call__(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def event(name: str, **fields: object) -> dict[str, object]:
    """Give what a logger takes as `extra`: a stable name, and fields for machines."""
    return {"event": name, "fields": fields}


def configure(
    *,
    redaction: Redaction,
    quiet: bool = False,
    verbose: bool = False,
    form: Literal["text", "json"] = "text",
    stream: TextIO | None = None,
) -> None:
    """Send our log lines to stderr; quiet: only problems, verbose: everything. Other libraries: only warnings."""
    root, ours = logging.getLogger(), logging.getLogger("catalog")
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings quote whole URLs, which may be secrets
    for handler in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(handler)
    handler = _Handler(stream or sys.stderr)
    formatter = _Json if form == "json" else _Text
    handler.setFormatter(formatter(redaction, tracebacks=verbose))
    root.addHandler(handler)
    ours.setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)


class _Handler(logging.StreamHandler[TextIO]):
    """Ours: told apart from handlers that tests and embedders add."""


class _Text(logging.Formatter):
    """One line per record; problems begin with the program's name, and a hint stands indented below."""

    def __init__(self, redaction: Redaction, *, tracebacks: bool) -> None:
        super().__init__()
        self._redaction, self._tracebacks = redaction, tracebacks

    def format(self, record: logging.LogRecord) -> str:
        hint = _fields(record).get("hint")
        lines = [_indented(_prefix(record.levelno) + record.getMessage())]
        lines += [_indented(f"  {hint}")] if hint else []
        lines += _trace(record, whole=self._tracebacks)
        return plain.harmless_lines(self._redaction("\n".join(lines)))


class _Json(logging.Formatter):
    """One JSON object per record, ASCII only."""

    def __init__(self, redaction: Redaction, *, tracebacks: bool) -> None:
        super().__init__()
        self._redaction, self._tracebacks = redaction, tracebacks

    def format(self, record: logging.LogRecord) -> str:
        line = {
            **_fields(record),
            "time": dates.to_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "message": record.getMessage(),
        }
        if trace := _trace(record, whole=self._tracebacks):
            line["traceback"] = "\n".join(trace)
        return self._redaction(json.dumps(line, default=_plain_value))


def _indented(text: str) -> str:
    """Indent what follows the first line: no text that is quoted can pass for a line of ours."""
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
    """Give the traceback, or only the type: what an exception of another library says may hold a secret."""
    if not record.exc_info or record.exc_info[0] is None:
        return []
    if whole:
        return "".join(traceback.format_exception(*record.exc_info)).rstrip().split("\n")
    return [f"  {record.exc_info[0].__name__}"]


def _plain_value(value: object) -> object:
    if isinstance(value, datetime):
        return dates.to_text(value)
    return list(value) if isinstance(value, (set, frozenset)) else str(value)
