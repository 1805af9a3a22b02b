"""The reference page of log events: names and fields are found in the source, their meaning is written here."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "catalog"

WORDS = {
    "alerts.resumed": "After `alerts.unsent`: alerts are sent again.",
    "alerts.unsent": "The outbox could not be read, so no alert was sent; told when it begins. All stays pending.",
    "backfill.held": "At the end of a record of the past, models are held: too many were gone at once.",
    "backfill.left_out": "`catalog backfill` left files of a folder out.",
    "backfill.next": "A record of the past is recorded, and the next step is said.",
    "command.failed": "A command ended with a failure; `error` is its type, `hint` what to type about it.",
    "command.stopped": "SIGINT, SIGTERM or SIGHUP ended a command; nothing is half-written.",
    "config.warning": "The configuration works, but something in it should be mended.",
    "database.busy": "A transaction waits for another process that is writing; told with `-v`, or on a terminal.",
    "delivery.failed": "A channel did not take an alert; it stays pending, or is dead after the last attempt.",
    "delivery.made": "A channel took an alert.",
    "delivery.unnoted": "A channel took an alert, and the database did not take the note; it will be sent once more.",
    "demo.finished": "The demo's history was synced.",
    "demo.reconstructed": "Some of the demo's dates are drawn from announcements.",
    "fetch.retry": "A request failed for `reason` and is tried again in so many `seconds`; told with `-v`.",
    "init.finished": "A configuration file was written.",
    "job.failed": "What `catalog run` does now and then failed unforeseen, or found no thread; it goes on.",
    "metrics.resumed": "After `metrics.unwritten`: the metrics file is written again.",
    "metrics.unwritten": "The metrics file could not be written; the next run tries again. Told when it begins.",
    "ping.failed": "The watcher at `monitor.ping_url` could not be told of a start or an end. Told when it begins.",
    "ping.resumed": "After `ping.failed`: the watcher is told again.",
    "read.count": "How many rows a list has (`count`), at its end.",
    "read.moment": "Which moment a time stands for that was typed without one, such as a month.",
    "read.note": "Something to know beside a list, such as that it was cut at `--limit`.",
    "publish.busy": "`catalog publish` found another process at work in the folder at `path`, and left it alone.",
    "publish.failed": "The pages could not be written into the folder at `path`.",
    "publish.resumed": "The pages can be written into the folder at `path` again.",
    "records.pruned": "Old runs that recorded nothing, and deliveries long made, were dropped; once a day.",
    "records.unpruned": "The database refused to drop them; it is tried again the next day.",
    "run.abandoned": "Earlier runs of the source died without a word; they are closed now.",
    "run.finished": "A run ended, after `took` seconds; told with `-v`.",
    "run.overdue": "What `catalog run` does should have ended ten minutes ago; the watchdog hears nothing more.",
    "run.skipped": "Another worker reads the source, here or on another machine; told when that begins.",
    "run.started": "A run began; told with `-v`.",
    "run.told": "A line about a run of `catalog run`, on stdout instead of the text: how it ended, or what it found.",
    "run.unclosed": "The database refused the record of how a run ended; the next run closes it.",
    "run.unrecorded": "A source could not even be asked, and the database did not take the record of that.",
    "key.unused": "The key of another API is set, and there is no configuration file that names a source for it.",
    "scan.done": "`watch scan` has read all files; how many findings there are.",
    "scan.nothing": "`watch scan` was given no file to read; git tracks none there.",
    "scan.unsure": "git is not there, so that `watch scan` reads files that git ignores, too.",
    "schema.upgraded": "The schema was made, or brought to the newest revision; `before` is the one there was.",
    "watch.unknown": "A list was read for the first time, and a watched model or a field of `events` was never seen.",
    "watch.stale": "A verdict of `watch check` or `watch scan` hangs on a list that is old, or was never read whole.",
    "web.answered": "A request was answered, with this status; told with `-v`, without its query.",
    "web.failed": "An answer could not be made, unforeseen; `error` is the type. The reader sees no more than that.",
    "web.listening": "`catalog run` serves the pages, at `host` and `port`.",
    "web.open": "The pages are served at an `address` that other machines reach.",
    "web.server": "A client broke off, or what it sent was no request; told with `-v`.",
    "worker.started": "`catalog run` begins: each of `sources` now and then at `next`, and what is `served` where.",
    "worker.left": "A run or a sending did not end in the seconds that `catalog run` has when it is to end.",
}

_OPENING = """\
# Log events

Log lines go to stderr. `-v` adds the ones for debugging, `-q` leaves only warnings and errors. With `--log-format
json` each is one JSON object on a line of its own: `time`, `level`, `event` and `message`, and the fields of the
event. Names of events and fields stay as they are; the words of `message` may change.

```text
{"runs": 31, "states": 24, "time": "2026-11-22T09:30:00.000000Z", "level": "info", "event": "demo.finished", ...}
```

Every secret the program met is struck out of each line. What a run found is no log event: it is in the database, in
`sync_runs` and `changes`, and on stdout. Lines of other libraries carry their logger's name as `event`.

| event | fields | when |
|---|---|---|
"""


def page() -> str:
    """Write the page; raises KeyError for an event without words, or words without an event."""
    found = in_source()
    if unsaid := found.keys() ^ WORDS.keys():
        raise KeyError(f"events and their words differ: {sorted(unsaid)}")
    rows = (f"| `{name}` | {_code(fields)} | {WORDS[name]} |" for name, fields in found.items())
    return _OPENING + "\n".join(rows) + "\n"


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def in_source() -> dict[str, list[str]]:
    """Find the events that the package logs, each with its fields, by name."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name, fields in _events(ast.parse(path.read_text("utf-8"))):
            found[name].update(fields)
    return {name: sorted(found[name]) for name in sorted(found)}


def _events(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """Yield each `logs.event("name", field=...)` and each `context.say(words, "name", field=...)`."""
    places = {"event": 0, "say": 1}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in places:
            place = places[node.func.attr]
            name = node.args[place] if len(node.args) > place else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value, {keyword.arg for keyword in node.keywords if keyword.arg}
