"""A catalog of a list whose every text was made to do harm, with channels of each kind, and the means to ask it."""

import email.policy
import io
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from catalog import cli
from tests import server as play
from tests.attacks import hostile
from tests.attacks.hostile import STRINGS
from tests.server import ModelsServer, answer, model

IDS = tuple(filter(hostile.is_id, STRINGS))
PLAIN = tuple(f"plain-{number}" for number in range(len(STRINGS)))


@dataclass
class Mailbox:
    """What a mail server took, header lines and all."""

    mails: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        self.receivers.append(envelope.rcpt_tos)
        return "250 OK"


@dataclass
class Stage:
    """A catalog full of hostile texts, with everything that it said while it was filled."""

    folder: Path
    models: ModelsServer
    receiver: ModelsServer
    mailbox: Mailbox
    said: list[str] = field(default_factory=list)  # lines of each sync on stdout
    logged: list[str] = field(default_factory=list)  # lines of the JSON log

    def call(self, *arguments: str) -> tuple[int, str, str]:
        """Give exit code, stdout and stderr of a command."""
        out, err = io.StringIO(newline=""), io.StringIO(newline="")
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.run(arguments)
        return code, out.getvalue(), err.getvalue()

    def sync(self) -> int:
        code, out, err = self.call("sync", "-v", "--log-format", "json")
        self.said.append(out)
        self.logged += err.splitlines()
        return code

    def run(self, *arguments: str) -> str:
        """Give what a command prints on stdout."""
        code, out, err = self.call(*arguments)
        assert code in {0, 1, 10, 11}, err
        return out

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        place = arguments.index("--") if "--" in arguments else len(arguments)
        rows = json.loads(self.run(*arguments[:place], "--json", *arguments[place:]))
        assert isinstance(rows, list)
        return rows


def spoiled(id: str, text: str) -> dict[str, Any]:
    """A model that has a text everywhere."""
    named = dict.fromkeys(("display_name", "type", "lifecycle", "line", "retires_at", "max_tokens"), text)
    return model(id, **named, created_at=text, extra=text, **{f"k{text}": {text: [text]}})


@contextmanager
def receiving(mailbox: Mailbox) -> Iterator[str]:
    """Give the Apprise URL of a mail server that puts everything into a mailbox."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"mailto://127.0.0.1:{port}/?from=catalog@example.org&to=team@example.org&mode=insecure"
    controller.stop()


@pytest.fixture(scope="module")
def stage(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Fill a catalog: a plain baseline, then each text for the first time, then another one, then half of them gone."""
    folder, mailbox = tmp_path_factory.mktemp("hostile"), Mailbox()
    (folder / "catalog.db").write_bytes(migrated_file.read_bytes())
    models, receiver = ModelsServer().start(), ModelsServer(always=answer({})).start()
    with receiving(mailbox) as mail_url, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ANTHROPIC_API_KEY", play.KEY)
        made = Stage(folder, models, receiver, mailbox)
        configure(made, mail_url)
        fill(made)
        yield made
    models.close()
    receiver.close()


def configure(stage: Stage, mail_url: str) -> None:
    events = '["added", "returned", "removed", "changed:display_name", "changed:extra", "sync_failed"]'
    service = stage.receiver.url.replace("http://", "json://")
    channels = {
        "hook": f'webhook = {{ url = "{stage.receiver.url}/hook" }}',
        "told": 'command = ["tee", "-a", "told.json"]',
        "mail": f'url = "{mail_url}"',
        "chat": f'url = "{service}/chat"',
    }
    lines = ["[sources.anthropic]", f'base_url = "{stage.models.url}"', 'confirm_after = "0s"']
    lines += ["[sources.anthropic.guard]", "min_removed = 100000", "[monitor]", 'metrics_file = "catalog.prom"']
    for name, how in channels.items():
        lines += ["[[alerts]]", f'name = "{name}"', how, f"events = {events}", "failures = 1"]
    (stage.folder / "catalog.toml").write_text("\n".join(lines) + "\n")


def fill(stage: Stage) -> None:
    models = stage.models
    models.models = [model(id) for id in PLAIN]
    assert stage.sync() == 0
    texts = (*STRINGS[1:], STRINGS[0])
    models.models = [*map(spoiled, PLAIN, STRINGS), *(spoiled(id, id) for id in IDS)]
    assert stage.sync() == 0
    models.models = [*map(spoiled, PLAIN, texts), *(spoiled(id, "other") for id in IDS)]
    assert stage.sync() == 0
    models.models = list(map(spoiled, PLAIN, texts))
    assert stage.sync() == 0
    models.models += [spoiled(id, text) for id in IDS[::30] for text in ("one", "two")]  # disputed ids, told in words
    assert stage.sync() == 0
    for place, text in enumerate(STRINGS[::20]):
        headers = {"request-id": "".join(char for char in text if 31 < ord(char) < 256) or "-"}
        models.script(play.answer(play.problem(text, text), (400, 401, 403, 404)[place % 4], headers))
        assert stage.sync() == 3
