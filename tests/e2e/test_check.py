"""`catalog check` looks at all that is used later: what it passes, `sync` and `run` do not die of."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.monitor import probes
from catalog.web.server import serving
from tests import postgres
from tests import server as wire
from tests.e2e.ground import Ground
from tests.server import ModelsServer, answer, model

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]

SECRET = "B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"


def add(ground: Ground, text: str) -> None:
    ground.configure()
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(text)


def hook(url: str) -> str:
    return f'[[alerts]]\nname = "team"\nwebhook = {{ url = "{url}" }}\n'


def nothing(_folder: Path) -> None:
    return


def locked(folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o500)


def script(folder: Path) -> None:
    (folder / "told.sh").write_text("#!/bin/sh\n")


# What is configured, what is there, and what the one line of the problem holds.
PROBLEMS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a watch file that is not there": ('[watch]\nfiles = ["nope.txt"]\n', nothing, "nope.txt is not there"),
    "a watch file that is a folder": ('[watch]\nfiles = ["."]\n', nothing, "is no readable file"),
    "a watch file with a bad line": (
        '[watch]\nfiles = ["w.txt"]\n',
        lambda folder: (folder / "w.txt").write_text("a\n" + "b" * 300),
        "w.txt, line 2",
    ),
    "metrics without a folder": ('[monitor]\nmetrics_file = "no/m.prom"\n', nothing, "there is no folder"),
    "metrics in a closed folder": ('[monitor]\nmetrics_file = "locked/m.prom"\n', locked, "may not write to"),
    "metrics over another file": ('[monitor]\nmetrics_file = "catalog.toml"\n', nothing, "is no metrics file of the"),
    "metrics behind a link that leads in a circle": (
        '[monitor]\nmetrics_file = "m.prom"\n',
        lambda folder: (folder / "m.prom").symlink_to("m.prom"),
        "m.prom cannot be reached",
    ),
    "metrics in a folder that cannot be looked for": (
        f'[monitor]\nmetrics_file = "{"x" * 300}/m.prom"\n',
        nothing,
        "m.prom cannot be reached",
    ),
    "pages in a folder that cannot be looked for": (
        f'[publish]\nfolder = "{"x" * 300}"\n',
        nothing,
        "the pages cannot be written to",
    ),
    "an address of another machine, of IPv6": (
        '[monitor]\nlisten = "[2001:db8::1]:9464"\n',
        nothing,
        "catalog: [2001:db8::1]:9464 cannot be listened on (",
    ),
    "an address of another machine": ('[monitor]\nlisten = "192.0.2.1:9464"\n', nothing, "cannot be listened on"),
    "a command that is not there": (
        '[[alerts]]\nname = "team"\ncommand = ["./none.sh"]\n',
        nothing,
        "no program none.sh",
    ),
    "a command that may not be run": ('[[alerts]]\nname = "team"\ncommand = ["./told.sh"]\n', script, "told.sh"),
    "a Slack webhook": (hook(f"https://hooks.slack.com/services/T00000000/{SECRET}"), nothing, "slack://A/B/C"),
    "a Discord webhook": (hook(f"https://discord.com/api/webhooks/{SECRET}"), nothing, "discord://ID/TOKEN"),
    "an old Discord webhook": (
        hook(f"https://discordapp.com/api/v10/webhooks/{SECRET}"),
        nothing,
        "discord://ID/TOKEN",
    ),
    "a Discord webhook in capitals": (
        hook(f"https://DISCORD.com/api/webhooks/{SECRET}"),
        nothing,
        "discord://ID/TOKEN",
    ),
    "a Teams webhook": (hook(f"https://x.webhook.office.com/webhookb2/{SECRET}"), nothing, "msteams://"),
    "a Google Chat webhook": (hook(f"https://chat.googleapis.com/v1/spaces/{SECRET}/messages"), nothing, "gchat://"),
    "a Slack webhook in a variable": (hook("${HOOK_URL}"), nothing, "slack://A/B/C"),
}


@pytest.mark.parametrize(("text", "prepare", "words"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_what_will_not_work_is_a_problem_now(
    ground: Ground, text: str, prepare: Callable[[Path], object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if words == "may not write to" and os.geteuid() == 0:
        pytest.skip("root may write to every folder")
    monkeypatch.setenv("HOOK_URL", f"https://hooks.slack.com/services/T00000000/{SECRET}")
    prepare(ground.folder)
    add(ground, text)
    before = sorted(ground.folder.iterdir())
    code, out, err = ground.run("check")
    assert (code, words in err, SECRET in out + err) == (2, True, False)
    assert sorted(ground.folder.iterdir()) == before
    assert ground.run("-q", "check")[1] == ""


def test_an_ordinary_webhook_is_none_of_a_chat_service(ground: Ground) -> None:
    for url in ("https://example.org/services/hook", "https://hooks.slack.com.example.org/services/a/b/c"):
        add(ground, hook(url))
        code, out, _ = ground.run("check")
        assert (code, "ok    channel team: " in out) == (0, True)


def test_all_that_is_in_place_has_its_line(ground: Ground) -> None:
    (ground.folder / "w.txt").write_text("claude-a\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    add(
        ground,
        f'[watch]\nmodels = ["claude-b"]\nfiles = ["w.txt"]\n[[alerts]]\nname = "team"\ncommand = ["cat"]\n'
        f'[monitor]\nping_url = "http://127.0.0.1:1/x"\nmetrics_file = "m.prom"\nlisten = "127.0.0.1:{port}"\n',
    )
    code, out, err = ground.run("check")
    assert (code, err) == (0, "")
    assert [line.split(":")[0] for line in out.splitlines()] == [
        *("ok    configuration", "ok    database", "ok    anthropic", "ok    [watch]", "ok    channel team"),
        *("ok    monitor.ping_url", "ok    monitor.metrics_file", "ok    monitor.listen"),
    ]
    assert not (ground.folder / "m.prom").exists()
    assert ground.run("-q", "check") == (0, "", "")


@pytest.mark.parametrize("there", ["nothing", "empty", "ours", "other", "file", "manifest"])
def test_the_folder_of_the_pages_is_ours_or_can_be(ground: Ground, there: str) -> None:
    folder = ground.folder / "site"
    add(ground, '[publish]\nfolder = "site"\n')
    if there == "ours":
        assert ground.run("sync")[0] == 0
    elif there == "file":
        folder.write_text("x")
    elif there != "nothing":
        folder.mkdir()
        name = {"other": "page.html", "manifest": "catalog.json"}.get(there)
        _ = (folder / name).write_text("{}") if name else 0
    before = sorted(ground.folder.rglob("*"))
    code, out, err = ground.run("check")
    is_well = there in {"nothing", "empty", "ours"}
    assert (code, "ok    publish.folder: " in out, str(folder) in err) == (0 if is_well else 2, is_well, not is_well)
    assert sorted(ground.folder.rglob("*")) == before


# The server drops a socket that it cannot bind.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_address_of_the_pages_is_free_or_ours(ground: Ground) -> None:
    def answer(_environ: object, start: Callable[..., object]) -> list[bytes]:
        start("200 OK", [("Server", serving.NAME)])
        return []

    with serving.serving(("127.0.0.1", 0), answer) as (host, port):
        add(ground, f'[web]\nlisten = "{host}:{port}"\n')
        assert f"ok    web.listen: pages are served at {host}:{port}" in ground.run("check")[1]
    assert f"ok    web.listen: {host}:{port} is free" in ground.run("check")[1]
    with socket.create_server((host, port)) as taken:
        taken.settimeout(1)
        code, _, err = ground.run("check")
        assert (code, f"{host}:{port} cannot be listened on" in err) == (2, True)


def test_the_address_of_a_worker_that_runs_is_no_problem_and_one_that_another_has_is(ground: Ground) -> None:
    with probes.serving(("127.0.0.1", 0), page=bytes, problems=lambda: ["it hangs"]) as (host, port):
        add(ground, f'[monitor]\nlisten = "{host}:{port}"\n')
        code, out, _ = ground.run("check")
        assert (code, f"ok    monitor.listen: a worker answers at {host}:{port}" in out) == (0, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.settimeout(1)
        add(ground, f'[monitor]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n')
        assert ground.run("check")[0] == 2


@pytest.fixture
def outside() -> Iterator[ModelsServer]:
    running = ModelsServer(always=answer({})).start()
    yield running
    running.close()


def test_send_pings_and_sends_a_sample_and_without_it_nothing_is_sent(ground: Ground, outside: ModelsServer) -> None:
    add(ground, hook(f"{outside.url}/hook") + f'[monitor]\nping_url = "{outside.url}/uuid"\n')
    assert ground.run("check")[0] == 0
    assert outside.requests == []
    code, out, err = ground.run("check", "--send")
    assert (code, err, "ok    channel team: took a sample of catalog." in out) == (0, "", True)
    assert "ok    monitor.ping_url: was pinged" in out
    assert [seen.path for seen in outside.requests] == ["/hook", "/uuid"]
    outside.always = wire.error(404)
    code, _, err = ground.run("check", "--send")
    assert code == 1
    assert [line for line in err.splitlines() if line.startswith("catalog: ")] == [
        "catalog: channel team: 127.0.0.1: HTTP 404",
        "catalog: monitor.ping_url: 127.0.0.1 could not be pinged: HTTP 404",
    ]


@pytest.mark.parametrize(
    ("url", "style", "said"),
    [
        ("http://127.0.0.1:1/api/push/token", "healthchecks", True),
        ("http://127.0.0.1:1/api/push/token", "uptime-kuma", False),
        ("http://127.0.0.1:1/uuid", "uptime-kuma", True),
        ("http://127.0.0.1:1/uuid", "plain", False),
    ],
)
def test_an_address_of_another_style_is_noted(ground: Ground, url: str, style: str, *, said: bool) -> None:
    add(ground, f'[monitor]\nping_url = "{url}"\nping_style = "{style}"\n')
    code, out, _ = ground.run("check")
    assert (code, "note  monitor.ping_url: it " in out, "token" in out) == (0, said, False)


# Names that nothing ever had


SLIPS = {
    "a misspelt id": ('[watch]\nmodels = ["claude-a", "cluade-b"]\n', "the watched model cluade-b", "claude-b"),
    "an id that is like none": ('[watch]\nmodels = ["gpt-5"]\n', "the watched model gpt-5: no list ever had it", ""),
    "an id in a file": ('[watch]\nfiles = ["w.txt"]\n', "the watched model claude-zz", "claude-a"),
    "a misspelt column": (
        '[[alerts]]\nname = "team"\ncommand = ["cat"]\nevents = ["changed:lifecyle"]\n',
        "team: events: no model ever had the field lifecyle",
        "lifecycle",
    ),
    "a misspelt member": (
        '[[alerts]]\nname = "team"\ncommand = ["cat"]\nevents = ["changed:capabilities.thinkng.*"]\n',
        "team: events: no model ever had the field capabilities.thinkng.*",
        "",
    ),
}


@pytest.mark.parametrize(("text", "words", "close"), SLIPS.values(), ids=SLIPS.keys())
def test_what_nothing_ever_had_is_named_by_check_status_and_the_first_sync(
    bare: Ground, text: str, words: str, close: str
) -> None:
    (bare.folder / "w.txt").write_text("claude-zz  # a bot\n")
    bare.server.models = [model(id, capabilities={"thinking": {"supported": True}}) for id in ("claude-a", "claude-b")]
    add(bare, text)
    code, out, _ = bare.run("check")
    assert (code, words in out, close in out) == (0, True, True)
    code, _, err = bare.run("sync")
    assert (code, words in err, close in err) == (0, True, True)
    assert words not in bare.run("sync")[2]
    code, out, _ = bare.run("status")
    assert (code, f"note: {words}" in out, close in out) == (0, True, True)
    assert words in bare.run("check")[1]
    assert words.removeprefix("team: ") in bare.run("status", "--json")[1]


@pytest.mark.parametrize(
    "event",
    ["changed:*", "changed:life*", "changed:max_tokens", "changed:capabilities", "changed:capabilities.*.supported"],
)
def test_a_field_that_some_model_has_is_no_slip(bare: Ground, event: str) -> None:
    bare.server.models = [model("claude-a", capabilities={"thinking": {"supported": True}})]
    add(bare, f'[watch]\nmodels = ["claude-a"]\n[[alerts]]\nname = "team"\ncommand = ["cat"]\nevents = ["{event}"]\n')
    assert "note  channel" not in bare.run("check")[1]
    assert "ever had" not in bare.run("sync")[2]
    assert "ever had" not in bare.run("status")[1]


def test_a_field_that_was_there_once_and_a_model_that_is_gone_are_no_slips(bare: Ground) -> None:
    bare.server.models = [model("claude-a", beta=1), model("claude-b")]
    assert bare.run("sync")[0] == 0
    bare.server.models = [model("claude-a")]
    assert bare.run("sync")[0] == 0
    add(
        bare,
        '[watch]\nmodels = ["claude-b"]\n[[alerts]]\nname = "team"\ncommand = ["cat"]\nevents = ["changed:beta"]\n',
    )
    assert "ever had" not in bare.run("status")[1]


def test_a_watchlist_that_is_gone_is_named_by_status_and_the_first_sync(bare: Ground) -> None:
    bare.server.models = [model("claude-a")]
    add(bare, '[watch]\nfiles = ["nope.txt"]\n')
    assert "nope.txt is not there" in bare.run("sync")[2]
    code, out, _ = bare.run("status")
    assert (code, "note: the list of watched models" in out) == (0, True)


# Before there is a baseline


def test_until_there_is_a_baseline_all_say_that_nothing_is_news_and_what_cures_it(bare: Ground) -> None:
    bare.configure(page_size=2)
    bare.server.models = [model("claude-a"), model("claude-b"), model("claude-c")]
    assert (
        "note  anthropic: nothing is told as new yet: its first walk that shows the whole list" in bare.run("check")[1]
    )
    bare.server.always = repeating
    code, out, _ = bare.run("sync")
    cure = "raise `page_size` of this source"
    assert (code, "nothing is told as new yet" in out, cure in out) == (0, True, True)
    assert "ids listed on more than one page" in out
    for command in ("status", "check"):
        _, out, _ = bare.run(command)
        assert all(words in out for words in ("nothing is told as new yet", "ids listed on more than one page", cure))
    bare.server.always = wire.honest
    out = bare.run("sync")[1]
    assert ("nothing is told as new yet" in out, "a baseline: what it found is not news" in out) == (False, True)
    for command in ("status", "check"):
        assert "nothing is told as new yet" not in bare.run(command)[1]


def test_sources_with_the_same_doubt_share_a_line_that_quotes_it(bare: Ground) -> None:
    """Each "its" in it became "of each the"."""
    bare.configure(page_size=2)
    add(bare, f'[sources.two]\nbase_url = "{bare.server.url}"\napi_key_env = "ANTHROPIC_API_KEY"\npage_size = 2\n')
    bare.server.always = repeating
    assert bare.run("sync")[0] == 0
    [line] = [each for each in bare.run("check")[1].splitlines() if "nothing is told as new yet" in each]
    assert line.startswith("note  anthropic, two: nothing is told as new yet; the last run: ")
    assert "so that all of its list fits one page" in line


def anew(ground: Ground) -> None:
    ground.configure(betas=["another-2026-01-01"])


def restored(ground: Ground) -> None:
    assert ground.run("db", "backup", "copy.db")[0] == 0
    assert ground.run("db", "restore", "copy.db", "--replace")[0] == 0
    assert "nothing is told as new yet" in ground.run("status")[1]
    assert "nothing is told as new yet" in ground.run("check")[1]


@pytest.mark.parametrize("begin", [anew, restored])
def test_a_source_that_waits_for_another_baseline_is_named_as_one_that_waits_for_its_first(
    bare: Ground, begin: Callable[[Ground], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(postgres.find_binaries()), prepend=os.pathsep)  # pg_dump, as new as the server
    bare.server.models = [model("claude-a"), model("claude-b")]
    assert "a baseline" in bare.run("sync")[1]
    begin(bare)
    bare.server.reshape = lambda envelope: envelope | {"total": 5}
    for command in ("sync", "status", "check"):
        out = bare.run(command)[1]
        assert ("nothing is told as new yet" in out, 'list.total = ""' in out) == (True, True), command
    bare.server.reshape = lambda envelope: envelope
    assert "a baseline" in bare.run("sync")[1]
    for command in ("sync", "status", "check"):
        assert "nothing is told as new yet" not in bare.run(command)[1]


def repeating(visit: wire.Visit) -> None:
    """Begin the second page with an id of the first one."""
    pages = {None: ["claude-a", "claude-b"], "claude-b": ["claude-a", "claude-c"]}
    ids = pages.get(visit.seen.first("after_id"), [])
    visit.send_json(200, {"data": [model(id) for id in ids], "has_more": visit.seen.first("after_id") is None})
