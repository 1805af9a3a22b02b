"""Texts made to do harm, as ids, names, values and field names, through every output there is."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
import tty
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from catalog import logs
from catalog.alerts import wording
from catalog.alerts.channels import apprise_urls, command
from catalog.events import DeliveryError, Message
from catalog.store.schema import versions
from tests import server as play
from tests.attacks import hostile
from tests.attacks.hostile import STRINGS, stored
from tests.attacks.spoilt import IDS, PLAIN, Mailbox, Stage, receiving, spoiled
from tests.store.world import START
from tests.volume import Volume

pytestmark = [pytest.mark.warns, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of mail and of services

LINES = {"catalog.changes": 6, "catalog.sync_failed": 3, "catalog.retiring": 5, "catalog.overdue": 5}  # of a text
PROGRAM = [sys.executable, "-c", "from catalog import cli; cli.main()"]
MESSAGE_ID = re.compile(rb'"id":"msg_[0-9a-f]{32}"')  # each channel has its own
OURS = re.compile(r"\x1b\[(?:[0-9;]{1,5}m|\?25[lh]|[0-9]?[AK]|2K)|\r")  # how we color and how we redraw a live line


@pytest.mark.promise("P6", "P9")
def test_no_output_of_the_command_line_lets_a_text_do_harm(stage: Stage, volume: Volume) -> None:
    """Three hundred texts in every command and form: no raw control sign, no formula, and the exact value in JSON."""
    cells = in_lists(stage) + in_stories(stage)
    for out in stage.said:
        sound(out)
    known = {"+", "-", "~", "?", "*"}
    assert {line.split()[0] for out in stage.said for line in out.splitlines()} <= {"anthropic:", *known}
    in_logs(stage)
    in_metrics(stage)
    volume.came_to(texts=len(STRINGS), ids=len(IDS), cells=cells, raw_signs=0, formulas=0)


def sound(text: str) -> None:
    """Hold a text against what no terminal may get."""
    assert [found[0].encode("unicode_escape") for found in hostile.RAW.finditer(text)] == []


def in_lists(stage: Stage) -> int:
    """Look at each list in each form; gives how many cells."""
    lists = (
        *(("models", "--all"), ("models", "--removed"), ("models", "--as-of", "0s"), ("diff", "1d")),
        *(("changes", "--limit", "0"), ("runs", "--limit", "0"), ("alerts", "list", "--all")),
    )
    return sum(in_one_list(stage, wanted) for wanted in lists)


def in_one_list(stage: Stage, wanted: tuple[str, ...]) -> int:
    rows = stage.rows(*wanted)
    assert rows
    text = stage.run(*wanted)
    sound(text)
    assert len(text.split("\n")) == len(rows) + 2  # its heading, and what follows the last line break
    printed = stage.run(*wanted, "--csv")
    sound(printed)
    head, *found = csv.reader(io.StringIO(printed, newline=""), strict=True)
    assert found == [[in_csv(row, name) for name in head] for row in rows]
    assert not [cell for row in found for cell in row if cell.startswith(hostile.FORMULA) and not _is_number(cell)]
    return sum(len(row) for row in rows)


def in_csv(row: dict[str, Any], name: str) -> str:
    """Spell a cell as CSV has it: what holds JSON is text there, and in a row of JSON a value, or left out."""
    value = row.get(name)
    if name in {"old_value", "new_value", "scope"}:
        return hostile.in_csv(quoted(value)) if name in row else ""
    if isinstance(value, str):
        return hostile.in_csv(value)
    return "" if value is None else json.dumps(value)


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"-?[0-9.]+", cell) is not None


def in_stories(stage: Stage) -> int:
    """Look at each id by itself; gives how many. What JSON gives back is what was sent."""
    for id in IDS[::2]:
        sound(stage.run("show", "--", id))
        [story] = stage.rows("show", "--", id)
        assert (story["id"], story["history"][0]["display_name"]) == (id, id)
        assert story["history"][0]["attributes"]["k" + id] == {id: [id]}
    changes = stage.rows("changes", "--limit", "0")
    told = {(each["model_id"], each["field"], quoted(each.get("new_value"))) for each in changes}
    for id, text in zip(PLAIN, map(stored, STRINGS), strict=True):
        assert told >= {(id, name, quoted(text)) for name in ("display_name", "type", "line", "lifecycle", "extra")}
        assert quoted([text]) in {new for model_id, _, new in told if model_id == id}
    for form in ((), ("--json",)):
        sound(stage.run("watch", "check", *form, "--", *IDS, "no\x1bsuch"))
        sound(stage.run("status", *form))
    return len(IDS[::2]) + len(STRINGS)


def quoted(value: object) -> str:
    """Spell a value as changes do."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def in_logs(stage: Stage) -> None:
    """Each line of the JSON log is one of our objects; the text log forges none and hides none."""
    found = [json.loads(line) for line in stage.logged]
    assert all(line.isascii() for line in stage.logged)
    assert "forged" not in {line["event"] for line in found}
    assert "run.finished" in {line["event"] for line in found}
    for text in STRINGS[::5]:
        stage.models.script(play.answer(play.problem(text, text), 400))
        _, _, err = stage.call("sync", "--dry-run")
        sound(err)
        assert err.startswith("catalog: anthropic: ")
        assert "forged" not in err


def in_metrics(stage: Stage) -> None:
    text = (stage.folder / "catalog.prom").read_text()
    sound(text)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(name.startswith("catalog_") for name in families)
    labels = {value for family in families.values() for sample in family.samples for value in sample.labels.values()}
    assert labels <= {"anthropic", "hook", "told", "mail", "chat", "failed", versions.program(), versions.HEAD}


@pytest.mark.promise("P6", "P8")
def test_no_alert_lets_a_text_do_harm(stage: Stage, volume: Volume) -> None:
    """Webhook and command get the exact value as JSON in ASCII; a mail and a chat get nothing they could act on."""
    posted = [seen.body for seen in stage.receiver.requests if seen.path == "/hook"]
    written = (stage.folder / "told.json").read_bytes()
    assert MESSAGE_ID.sub(b"", written) == MESSAGE_ID.sub(b"", b"".join(posted))
    assert written.isascii()
    entries = [entry for body in posted for entry in json.loads(body)["changes"]]
    for name in ("display_name", "extra"):
        values = {quoted(entry["new_value"]) for entry in entries if entry["field"] == name and "new_value" in entry}
        assert values >= {quoted(stored(text)) for text in STRINGS}
    assert {entry["model_id"] for entry in entries if entry["kind"] == "added"} == set(IDS)
    chats = [json.loads(seen.body) for seen in stage.receiver.requests if seen.path == "/chat"]
    assert len(chats) == len(stage.mailbox.mails) == len(posted) > 3
    for chat in chats:
        tame(chat["title"], chat["message"])
    for mail in stage.mailbox.mails:
        is_one_mail(mail)
    assert {tuple(receivers) for receivers in stage.mailbox.receivers} == {("team@example.org",)}
    volume.came_to(texts=len(STRINGS), messages=4 * len(posted), changes=len(entries), harmful=0)


def tame(subject: str, text: str) -> None:
    """Hold a message against what chat programs act on."""
    sound(subject)
    sound(text)
    assert "\n" not in subject
    assert hostile.ACTS.findall(subject + text) == []


def is_one_mail(mail: EmailMessage) -> None:
    """Hold a mail against the headers that are ours."""
    known = {"subject", "from", "to", "date", "message-id", "mime-version", "content-type", "x-application", "reply-to"}
    assert {name.lower() for name in mail} - {"content-transfer-encoding", "x-peer", "x-mailfrom", "x-rcptto"} <= known
    assert all("\n" not in str(value) for value in mail.values())
    assert mail["to"] == "team@example.org"


@pytest.mark.promise("P8")
def test_each_text_alone_is_tame_in_the_subject_and_every_line_of_a_message(volume: Volume) -> None:
    """Each text as id, name, field and value of each kind of message; as a mail, by a real mail server."""
    mailbox = Mailbox()
    with receiving(mailbox) as url:
        room = apprise_urls.open_(url)
        for number, text in enumerate(map(stored, STRINGS)):
            for payload in payloads(text):
                subject, body = wording.render(payload)
                tame(subject, body)
                assert body.count("\n") <= LINES[payload["type"]]
                if not number % 5 and payload["type"] != "catalog.overdue":
                    room.send(message(subject, body))
    for mail in mailbox.mails:
        is_one_mail(mail)
    assert len(mailbox.mails) == 4 * -(-len(STRINGS) // 5)
    volume.came_to(texts=len(STRINGS), mails=len(mailbox.mails), harmful=0)


def message(subject: str, body: str) -> Message:
    return Message(
        id="msg_1", type="catalog.changes", payload="{}", compose=lambda _room: (subject, body), sent_at=START
    )


def payloads(text: str) -> Iterator[Any]:
    """A message of each kind, with a text wherever a stranger has a say."""
    same = {"source": "one", "run_id": 1, "changes": []}
    about = {"model_id": text, "display_name": text, "retires_at": "2027-01-01T00:00:00Z", "days": 7, "milestone": 7}
    entry: dict[str, Any] = {
        "uid": "1",
        "model_id": text,
        "display_name": text,
        "created_at": None,
        "not_before": None,
        "field": None,
        "old_value": None,
        "new_value": None,
        "observed_at": "2026-01-01T00:00:00Z",
    }
    kinds = [{**entry, "kind": kind} for kind in ("added", "removed", "returned")]
    kinds += [{**entry, "kind": "changed", "field": text, "old_value": quoted(text), "new_value": quoted(text)}]
    yield {**same, "type": "catalog.sync_failed", "reason": text}
    yield {**same, "type": "catalog.retiring", **about}
    yield {**same, "type": "catalog.overdue", **about}
    yield {**same, "type": "catalog.changes", "changes": kinds, "models_listed": 100}
    values = {"field": text, "old_value": text, "new_value": [text]}
    kinds[-1:] = [{**entry, "kind": "changed", **values, "lifecycle": text, "watched": True}]
    yield {**same, "type": "catalog.changes", "changes": kinds, "models_listed": 100, "at": "2026-01-01T00:00:00Z"}


@pytest.mark.promise("P9")
def test_what_a_program_or_a_log_quotes_is_tame(volume: Volume, tmp_path: Path) -> None:
    """A program that writes each text to its errors, and a log line that quotes it: nothing raw, and no line forged."""
    said = tmp_path / "said"
    program = command.open_(["sh", "-c", f"cat {said} >&2; exit 1"])
    for text in STRINGS[::6]:
        said.write_bytes(text.encode("utf-8", "surrogatepass"))
        with pytest.raises(DeliveryError) as refused:
            program.send(message("", ""))
        sound(refused.value.message)
        assert "\n" not in refused.value.message
    lines: dict[str, list[str]] = {form: logged(form) for form in ("text", "json")}
    ours = [line for line in lines["text"] if line and not line.startswith("  ")]
    assert len(ours) == len(lines["json"]) == len(STRINGS)
    assert all(line.startswith("catalog: warning: ") for line in ours)
    for found in lines.values():
        sound("\n".join(found))
    told = [json.loads(line) for line in lines["json"]]
    assert [(line["message"], line["event"], line["id"]) for line in told] == [(text, "x", text) for text in STRINGS]
    volume.came_to(texts=len(STRINGS), programs=len(STRINGS[::6]), log_lines=2 * len(STRINGS), raw_signs=0)


def logged(form: Any) -> list[str]:
    """The lines of a log that quotes each text, a hint below each, and an empty line after it."""
    import logging

    stream = io.StringIO()
    formatter = {"text": logs._TextFormatter, "json": logs._JsonFormatter}[form](logs.Redaction(), tracebacks=False)
    for text in STRINGS:
        record = logging.LogRecord("catalog", logging.WARNING, "", 0, "%s", (text,), None)
        record.event, record.fields = "x", {"id": text, "hint": text}
        stream.write(formatter.format(record) + ("\n\n" if form == "text" else "\n"))
    return stream.getvalue().split("\n")[:-1]


@pytest.mark.promise("P9")
def test_a_terminal_gets_no_sequence_that_is_not_ours(stage: Stage, volume: Volume) -> None:
    """The tables, a story and the live lines of the worker on a real pseudo-terminal."""
    shown = [on_terminal(stage, *wanted) for wanted in (("models", "--all"), ("changes", "--limit", "0"), ("runs",))]
    shown += [on_terminal(stage, "show", "--", IDS[0]), on_terminal(stage, "status")]
    models = stage.models
    models.models = [spoiled(id, text) for id in IDS[:60] for text in ("one", "two")]
    shown.append(on_terminal(stage, "run", until=b"partial: "))
    for screen in shown:
        sound(OURS.sub("", screen))
    volume.came_to(texts=len(STRINGS), screens=len(shown), bytes=sum(map(len, shown)), raw_signs=0)


def on_terminal(stage: Stage, *arguments: str, until: bytes | None = None) -> str:
    """Give all that a program sends to its terminal, until it ends or has said something."""
    leader, follower = pty.openpty()
    tty.setraw(follower)
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        cwd=stage.folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "50"},
    )
    os.close(follower)
    arrived = b""
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        while piece := _piece(terminal):
            arrived += piece
            if until and until in arrived:
                process.terminate()
    process.wait(20)
    assert len(arrived) > 100
    return arrived.decode()


def _piece(terminal: io.FileIO) -> bytes:
    try:
        return terminal.read(65536) or b""
    except OSError:  # how Linux says that nobody has the other end any more
        return b""
