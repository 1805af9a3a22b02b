"""Made-up secrets through everything at its most talkative: none comes out anywhere, in any spelling."""

import base64
import io
import itertools
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
import trustme

from catalog import cli
from catalog.upstream.client import SourceClient
from tests import postgres
from tests import server as play
from tests.attacks import canaries
from tests.attacks.canaries import SECRETS, Hit
from tests.server import ModelsServer, Visit, free_port, model
from tests.volume import Volume

pytestmark = [
    pytest.mark.warns,
    pytest.mark.promise("P9"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of services
]

KEY, PASSWORD = SECRETS["API key"], SECRETS["database password"]
PROXIES = (b"HTTP_PROXY=", b"HTTPS_PROXY=")
FAULTS = ("e401", "e403", "e500", "echo", "field", "html", "broken", "elsewhere", "silent", "identity", "cut")


@dataclass
class Stage:
    """A catalog whose every secret is a canary, and all that came out of it."""

    folder: Path  # in which the program works
    url: str  # of the database
    places: dict[str, bytes] = field(default_factory=dict)
    forms: Iterator[str] = field(default_factory=lambda: itertools.cycle(["text", "json"]))

    def note(self, place: str, text: bytes) -> None:
        self.places[place] = self.places.get(place, b"") + text

    def call(self, *arguments: str) -> int:
        """Run a command in this process, the one with a log in text, the next with one in JSON."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.run([*arguments, "-v", "--log-format", next(self.forms)])
        self.note("stdout", out.getvalue().encode("utf-8", "surrogatepass"))
        self.note("stderr", err.getvalue().encode("utf-8", "surrogatepass"))
        return code

    def look(self) -> None:
        """Note what lies in the folder and in the database."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                lines = path.read_bytes().splitlines(keepends=True)  # a command needs the proxy that we need
                self.note(f"file {path.name}", b"".join(line for line in lines if not line.startswith(PROXIES)))
        if self.url.startswith("postgresql"):
            for name, rows in tables(self.url):
                self.note(f"table {name}", rows)


def tables(url: str) -> Iterator[tuple[str, bytes]]:
    """Every table and view of ours, and what the server shows of sessions and statements, as text."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        names = [
            *sa.inspect(connection).get_table_names(),
            *sa.inspect(connection).get_view_names(),
            "pg_stat_activity",
        ]
        for name in names:
            rows = connection.exec_driver_sql(f'SELECT t::text FROM "{name}" AS t').scalars()
            yield name, "\n".join(rows).encode()


def echo(visit: Visit) -> str:
    """All that a server knows of a request."""
    return json.dumps([visit.seen.target, dict(visit.seen.headers)]) + str(visit.seen.headers)


def answer(visit: Visit) -> None:
    """Be as indiscreet as a server can: what went wrong depends on the path."""
    fault = visit.seen.path.strip("/").partition("/")[0]
    told, key = echo(visit), visit.seen.headers.get("x-api-key", "")
    indiscreet = [("request-id", key), ("retry-after", key), ("x-echo", key)]
    match fault:
        case "e401" | "e403" | "e500":
            visit.send_json(int(fault[1:]), play.problem(key, told, key=key), indiscreet)
        case "echo":
            visit.send_json(200, {"error": {"type": key, "message": told}}, indiscreet)
        case "field":
            visit.send_json(
                200, play.page([model("a", display_name=key), model(key), model("b", **{key: {key: [key]}})])
            )
        case "html":
            visit.send(200, f"<html>{told}</html>".encode(), indiscreet)
        case "broken":
            visit.send(200, f'{{"data": [{{"id": "{key}'.encode(), indiscreet)
        case "silent":
            visit.server.closing.wait(30)
        case "identity":
            visit.send_json(200, play.page([model("a")]), [("anthropic-workspace-id", key), ("x-key", key)])
        case "cut":
            play.cut()(visit)
        case _:
            visit.send_json(200, play.page(visit.server.models))


@dataclass
class Others:
    """The servers of the story."""

    models: ModelsServer
    receiver: ModelsServer
    other: ModelsServer  # to which redirects lead: no key may ever arrive there
    proxy: ModelsServer

    def close(self) -> None:
        for each in (self.models, self.receiver, self.other, self.proxy):
            each.close()


@contextmanager
def servers() -> Iterator[Others]:
    models, receiver, other = (ModelsServer(key=None, always=step).start() for step in (answer, taken, taken))
    proxy = ModelsServer(always=lambda visit: visit.send(407, echo(visit).encode())).start()
    found = Others(models, receiver, other, proxy)
    OTHER["url"] = other.url
    found.models.models = [model("a"), model("b")]
    try:
        yield found
    finally:
        found.close()


def taken(visit: Visit) -> None:
    visit.send(200, b"{}")


def configure(others: Others, folder: Path, tls: str) -> Path:
    """Write a configuration outside of the folder: one source per fault, and a channel of each kind."""
    settings = 'api_key_env = "CANARY_KEY"\ndeadline = "1s"\ntimeout = "1s"\nconfirm_after = "0s"\n'
    text = '[schedule]\nevery = "1s"\n'
    addresses = {name: f"{others.models.url}/{name}" for name in FAULTS}
    addresses |= {"tls": tls, "plain": others.models.url.replace("http:", "https:"), "nobody": "http://127.0.0.1:1"}
    addresses["elsewhere"] = f"{others.receiver.url}/elsewhere"
    addresses |= {"far": "http://catalog.invalid", "farther": "https://catalog.invalid"}  # behind a proxy alone
    for name, address in addresses.items():
        text += f'[sources.{name}]\nbase_url = "{address}"\nallow_http = true\n{settings}'
    text += f'[sources.good]\nbase_url = "{others.models.url}"\n{settings.replace("1s", "30s")}'
    text += f'[sources.filed]\nbase_url = "{others.models.url}"\napi_key_file = "key"\nconfirm_after = "0s"\n'
    hook = f"{others.receiver.url}/hook/${{HOOK_TOKEN}}"
    rest = 'events = ["added", "removed", "sync_failed", "held", "baseline"]\nfailures = 1\n'
    text += f'[[alerts]]\nname = "hook"\nwebhook = {{ url = "{hook}", secret_env = "HOOK_SECRET" }}\n{rest}'
    text += f'[[alerts]]\nname = "mail"\nurl = "mailto://me:${{MAIL_PASSWORD}}@127.0.0.1:1/?from=a@b.example&to=a@b.example&mode=insecure"\n{rest}'
    text += f'[[alerts]]\nname = "loud"\ncommand = ["sh", "-c", "env >&2; env; exit 1"]\n{rest}'
    text += f'[[alerts]]\nname = "kept"\ncommand = ["sh", "-c", "env >> env; cat >> told"]\n{rest}'
    text += f'[monitor]\nping_url = "{others.receiver.url}/{SECRETS["ping URL"]}"\n'
    text += f'metrics_file = "{folder}/catalog.prom"\nlisten = "127.0.0.1:PORT"\n'
    file = folder.parent / "conf" / "catalog.toml"
    file.parent.mkdir(mode=0o700)
    (file.parent / "key").write_text(SECRETS["API key in a file"] + "\n")
    (file.parent / "key").chmod(0o600)
    file.write_text(text.replace("PORT", str(free_port())))
    return file


@contextmanager
def watched_processes(stage: Stage) -> Iterator[None]:
    """Note the command line of every process that there is, again and again."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    lines.add(file.read_bytes())

    lines: set[bytes] = set()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)
        stage.note("ps", b"\n".join(sorted(lines)))


@pytest.fixture(scope="module")
def locked() -> Iterator[postgres.Server]:
    """A Postgres of our own whose role `canary` needs its password."""
    with postgres.running() as server:
        folder = Path(str(server.url.query.get("host", "")))
        rules = folder / "data" / "pg_hba.conf"
        if rules.exists():
            rules.write_text("local all canary scram-sha-256\nlocal all all trust\n")
        quoted = PASSWORD.replace("'", "''")
        server.execute(f"CREATE ROLE canary LOGIN PASSWORD '{quoted}'")
        server.execute("SELECT pg_reload_conf()")
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    folder = tmp_path / "work"
    folder.mkdir()
    if request.param == "sqlite":
        yield Stage(folder, f"sqlite:///{folder / 'catalog.db'}")
        return
    server = request.getfixturevalue("locked")
    with server.database() as url:
        server.execute(f'ALTER DATABASE "{postgres.name_of(url)}" OWNER TO canary')
        own = sa.make_url(url).set(username="canary", password=PASSWORD)
        made = Stage(folder, own.render_as_string(hide_password=False))
        yield made


def test_no_secret_comes_out_anywhere(stage: Stage, volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good runs, every fault, failing alerts, a worker and crashes, at DEBUG and in both logs: no secret comes out."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    strange = ModelsServer(tls=context).start()
    with servers() as others, watched_processes(stage):
        others.receiver.always = polite
        file = configure(others, stage.folder, strange.url)
        environ = {
            "CATALOG_CONFIG": str(file),
            "CATALOG_DATABASE_URL": stage.url.replace("+psycopg", ""),
            "CANARY_KEY": KEY,
            "HOOK_TOKEN": SECRETS["token in a webhook's URL"],
            "HOOK_SECRET": SECRETS["webhook secret"],
            "MAIL_PASSWORD": SECRETS["mail password"],
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(stage.folder)
        tell(stage, others, monkeypatch)
        work(stage, file)
        crash(stage, monkeypatch)
        stage.look()
    strange.close()
    received(stage, others)
    found = search(stage)
    assert not found, "\n".join(sorted(map(str, found)))
    forms = sum(len(each) for each in canaries.FORMS.values())
    size = sum(map(len, stage.places.values()))
    volume.came_to(secrets=len(SECRETS), spellings=forms, places=len(stage.places), bytes=size, hits=0)


def search(stage: Stage) -> list[Hit]:
    return [hit for place, text in stage.places.items() for hit in canaries.hits(place, text)]


def tell(stage: Stage, others: Others, patch: pytest.MonkeyPatch) -> None:
    """Run every command, well and badly."""
    stage.call("check")
    assert stage.call("sync", "good", "filed") == 0
    others.models.models.append(model("c"))
    others.receiver.always = hesitant
    assert [stage.call("sync"), stage.call("sync", "--json", "good", "e401", "field")] == [3, 3]
    assert stage.call("sync", "--dry-run", "good", "e401") == 3
    with patch.context() as proxied:
        for port in (others.proxy.url.rsplit(":")[-1], "nowhere"):
            for name in ("HTTP_PROXY", "HTTPS_PROXY"):
                proxied.setenv(name, f"http://me:{SECRETS['proxy password']}@127.0.0.1:{port}")
            stage.call("sync", "far", "farther", "tls")
    assert {seen.method for seen in others.proxy.requests} == {"GET", "CONNECT"}
    for command in ("models", "changes", "runs", "status", "alerts list", "db current", "db check", "db verify"):
        stage.call(*command.split())
    for command in ("runs --json", "status --json", "alerts list --all --json", "alerts test hook", "alerts test mail"):
        stage.call(*command.split())
    for command in ("alerts test loud", "alerts send", "alerts retry", "watch check a", "db upgrade --sql", "show a"):
        stage.call(*command.split())
    stage.call("db", "backup", "copy")
    for url in wrong(stage.url):
        with patch.context() as misled:
            misled.setenv("CATALOG_DATABASE_URL", url)
            assert stage.call("sync", "good") in {2, 4}


def polite(visit: Visit) -> None:
    """Be a receiver that takes what it is sent, and sends those who look for a list to another host."""
    if visit.seen.path.startswith("/elsewhere"):
        play.redirect(OTHER["url"] + visit.seen.target)(visit)
    else:
        taken(visit)


def hesitant(visit: Visit) -> None:
    """Be a receiver that takes nothing, and tells all it knows."""
    if visit.seen.path.startswith("/elsewhere"):
        polite(visit)
    else:
        visit.send(500, echo(visit).encode(), [("retry-after", "0")])


OTHER: dict[str, str] = {}


def wrong(url: str) -> list[str]:
    """Spell a database's address wrong, with its password in it."""
    password = quote(PASSWORD, safe="")
    return [
        f"postgresql://canary:{password}@127.0.0.1:1/catalog",
        f"postgresql://canary:{password}@127.0.0.1:port/catalog",
        f"mysql://canary:{password}@127.0.0.1/catalog",
        f"postgresql://canary@127.0.0.1:1/catalog?password={password}",
        *([url.replace("canary:", "canary:not-")] if url.startswith("postgresql") else []),
    ]


def work(stage: Stage, file: Path) -> None:
    """Let a worker work for some seconds, and look at it meanwhile."""
    port = int(file.read_text().rpartition("127.0.0.1:")[2].split('"')[0])
    for form in ("text", "json"):
        command = [sys.executable, "-c", "from catalog import cli; cli.main()", "run", "-v", "--log-format", form]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for path in ("/healthz", "/metrics", "/nothing"):
            stage.note(f"answer {path}", asked(port, path))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 143
        stage.note("stdout of a worker", out)
        stage.note("stderr of a worker", err)


def asked(port: int, path: str) -> bytes:
    until = time.monotonic() + 30
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return str(answer.getheaders()).encode() + answer.read()
        except ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.05)
        finally:
            connection.close()


def crash(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    """Fail as nobody foresaw, with all secrets that are known by then in the words of the exception."""
    hidden = {"API key in a file", "webhook secret, decoded"} | ({"database password"} - known_by(stage))
    secrets = [secret for name, secret in SECRETS.items() if name not in hidden]
    patch.setenv("HTTPS_PROXY", f"http://me:{SECRETS['proxy password']}@127.0.0.1:1")

    def fail(*_args: Any, **_options: Any) -> None:
        words = [spell(secret) for secret in secrets for spell in (str, repr, json.dumps, quote_all)]
        raise RuntimeError("; ".join([*words, os.environ["CATALOG_DATABASE_URL"]]))

    for target, name in ((SourceClient, "begin"), (sa.Engine, "connect")):
        with patch.context() as broken:
            broken.setattr(target, name, fail)
            assert [stage.call("sync", "good"), stage.call("sync", "good")] == [1, 1]


def known_by(stage: Stage) -> set[str]:
    return {"database password"} if stage.url.startswith("postgresql") else set()


def quote_all(text: str) -> str:
    return quote(text, safe="")


def received(stage: Stage, others: Others) -> None:
    """Note what others were sent, less what each needs to know."""
    for seen in others.receiver.requests:
        head = json.dumps([seen.path, dict(seen.headers)])
        if seen.path.startswith("/elsewhere"):
            head = head.replace(json.dumps(KEY)[1:-1], "")
        head = head.replace(SECRETS["token in a webhook's URL"], "").replace(SECRETS["ping URL"], "")
        stage.note("what receivers got", head.encode() + seen.body)
    for seen in others.other.requests:
        stage.note("what other hosts got", json.dumps([seen.target, dict(seen.headers)]).encode() + seen.body)
    assert others.receiver.requests
    assert others.other.requests == []


@pytest.mark.parametrize("name", SECRETS)
def test_the_search_finds_each_secret_in_each_spelling(name: str, tmp_path: Path) -> None:
    """A secret that is planted, in any spelling, in a file or inside other text, is found."""
    for spelling, form in canaries.FORMS[name].items():
        planted = Stage(tmp_path, "sqlite:///none")
        (tmp_path / "planted").write_bytes(b"\x00before " + form + b" after\xff")
        planted.look()
        assert Hit(secret=name, spelling=spelling, place="file planted") in search(planted)
    text = f"user:{SECRETS[name]}"
    assert canaries.hits("", base64.b64encode(text.encode()))
    assert canaries.hits("", repr({"header": text}).encode())
    assert canaries.hits("", b"nothing") == []
