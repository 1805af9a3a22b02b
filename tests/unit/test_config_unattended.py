"""Schedule, alerts, watchlist and monitoring in the configuration: what is accepted, refused, and never said."""

import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from catalog import config, cron
from catalog.errors import ConfigError
from catalog.settings import AlertSettings, MonitorSettings, ScheduleSettings, WatchSettings, WebhookSettings

SECRET = "xoxb-w0uld-be-a-pity"
TEAM = '[[alerts]]\nname = "team"\n'
URL = 'url = "json://127.0.0.1"\n'
HOOK = 'webhook = { url = "https://example.org/hook" }\n'

Loader = Callable[..., config.Config]


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    def loaded(text: str) -> config.Config:
        path = tmp_path / "catalog.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return config.load(path, environ={})

    return loaded


def refused(load: Loader, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert caught.value.__cause__ is None
    return caught.value.message


def test_the_defaults_tell_nobody_and_read_every_hour(load: Loader) -> None:
    loaded = load("")
    assert loaded.schedule == ScheduleSettings(
        every=timedelta(hours=1), cron=None, timezone=ZoneInfo("UTC"), jitter=timedelta(0)
    )
    assert loaded.alerts == ()
    assert loaded.watch == WatchSettings(models=(), files=(), milestones=(90, 60, 30, 14, 7, 1))
    assert loaded.monitor == MonitorSettings(ping_url="", metrics_file=None, listen=None)
    assert list(config.secrets(loaded, environ={})) == ["", ""]


def test_everything_can_be_set(load: Loader, tmp_path: Path) -> None:
    loaded = load("""
        [sources.anthropic]
        [schedule]
        cron = " 0 8  * * mon-fri "
        timezone = "Europe/Berlin"
        jitter = "1m"
        [[alerts]]
        name = "team"
        webhook = { url = "http://hooks.example/a?b=c", secret_file = "hook", allow_http = true }
        events = ["changed", "changed:capabilities.*", "overdue", "baseline", "sync_recovered"]
        models = ["claude-*"]
        sources = ["anthropic"]
        lines = ["opus"]
        lifecycles = ["deprecated"]
        only = "watched"
        settle = "1h"
        failures = 1
        [[alerts]]
        name = "pager"
        command = ["on-change", "--now", "it's"]
        [watch]
        models = ["claude-a", "Vendor/Model:1"]
        files = ["models.txt", "/etc/models"]
        milestones = [1, 30]
        [monitor]
        ping_url = "https://hc-ping.com/0123?create=1"
        metrics_file = "catalog.prom"
        listen = "[::1]:0"
    """)
    assert loaded.schedule == ScheduleSettings(
        every=None,
        cron=cron.parse("0 8  * * mon-fri"),
        timezone=ZoneInfo("Europe/Berlin"),
        jitter=timedelta(minutes=1),
    )
    hook = WebhookSettings(url="http://hooks.example/a?b=c", secret_file=tmp_path / "hook", allow_http=True)
    assert loaded.alerts == (
        AlertSettings(
            name="team",
            webhook=hook,
            events=("changed", "changed:capabilities.*", "overdue", "baseline", "sync_recovered"),
            models=("claude-*",),
            sources=("anthropic",),
            lines=("opus",),
            lifecycles=("deprecated",),
            only="watched",
            settle=timedelta(hours=1),
            failures=1,
        ),
        AlertSettings(name="pager", command=("on-change", "--now", "it's")),
    )
    assert loaded.watch == WatchSettings(
        models=("claude-a", "Vendor/Model:1"),
        files=(tmp_path / "models.txt", Path("/etc/models")),
        milestones=(30, 1),
    )
    assert loaded.monitor == MonitorSettings(
        ping_url="https://hc-ping.com/0123?create=1", metrics_file=tmp_path / "catalog.prom", listen=("::1", 0)
    )


# How often, and how old is stale.


def cadences(loaded: config.Config) -> list[tuple[object, object, timedelta]]:
    return [(source.every, source.cron and source.cron.text, source.stale_after) for source in loaded.sources]


def test_a_source_may_have_a_schedule_of_its_own_and_is_stale_after_three_pauses(load: Loader) -> None:
    loaded = load("""
        [schedule]
        every = "2h"
        [sources.usual]
        [sources.quick]
        every = "15m"
        [sources.cron]
        cron = "@daily"
        [sources.patient]
        every = "15m"
        stale_after = "2d"
        [sources.instant]
        every = "1s"
    """)
    quarter, hour = timedelta(minutes=15), timedelta(hours=1)
    assert cadences(loaded) == [
        (2 * hour, None, 6 * hour),
        (quarter, None, 3 * quarter),
        (None, "@daily", 72 * hour),
        (quarter, None, 48 * hour),
        (timedelta(seconds=1), None, timedelta(minutes=1)),
    ]


def test_a_source_may_be_regular_where_the_others_follow_cron(load: Loader) -> None:
    loaded = load('[schedule]\ncron = "0 6 * * *"\n[sources.a]\n[sources.b]\nevery = "1h"')
    assert cadences(loaded) == [(None, "0 6 * * *", timedelta(days=3)), (timedelta(hours=1), None, timedelta(hours=3))]


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("* * * * *", 1 / 60),
        ("*/15 * * * *", 0.25),
        ("5,10 * * * *", 55 / 60),
        ("0 8-17 * * *", 15),
        ("* 9-17 * * mon-fri", 63 + 1 / 60),
        ("30 12 * * sun", 7 * 24),
        ("0 0 1 * *", 31 * 24),
        ("0 0 1 1 *", 366 * 24),
        ("0 0 29 2 *", (3 * 365 + 366) * 24),
        ("0 0 29 2 */7", 28 * 365.25 * 24),
        ("@daily", 24),
        ("0 0 31 * mon", 7 * 24),
    ],
)
def test_the_longest_pause_of_an_expression(expression: str, hours: float) -> None:
    assert cron.parse(expression).longest_pause() == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('every = "1h"\ncron = "@daily"', "schedule.cron: is given together with every: keep one"),
        ('every = "0s"', 'schedule.every: must be a duration from "1s" to "365d"'),
        ("every = 60", "schedule.every: must be a duration"),
        ('jitter = "2h"', "schedule.jitter: must not be longer than the `every` it is added to"),
        ('jitter = "25h"', "schedule.jitter: must be a duration"),
        ('cron = "0 0 31 2 *"', "never fires"),
        ('cron = "61 * * * *"', "61"),
        ('cron = "0 0 * *"', 'such as "*/15 * * * *"'),
        ('cron = "@reboot"', "@hourly"),
        ("cron = 5", "schedule.cron: must be five fields"),
        (f'cron = "{SECRET}"', "schedule.cron: must be five fields"),
        ('timezone = "Europe/Berlim"', 'did you mean "Europe/Berlin"?'),
        ('timezone = "../../etc/passwd"', "must be a time zone"),
        ('timezone = "Europe"', "must be a time zone"),
        ('timezone = ""', "must be a time zone"),
        ("timezone = 1", "must be a time zone"),
        ('evry = "1h"', 'did you mean "every"?'),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(load: Loader, lines: str, words: str) -> None:
    message = refused(load, f"[schedule]\n{lines}")
    assert words in message
    assert "pity" not in message


def test_a_source_has_one_schedule(load: Loader) -> None:
    message = refused(load, '[sources.anthropic]\nevery = "1h"\ncron = "@daily"')
    assert message.startswith("sources.anthropic.cron: is given together with every: keep one")


# Channels.


def test_a_channel_hears_what_matters_of_every_model_by_default(load: Loader) -> None:
    (alert,) = load(TEAM + URL).alerts
    assert alert.events == (
        *("added", "returned", "removed", "changed:lifecycle", "changed:retires_at", "lowered"),
        *("retiring", "held", "sync_failed"),
    )
    assert (alert.models, alert.sources, alert.only, alert.settle, alert.failures) == ((), (), "", timedelta(0), 3)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (f"[[alerts]]\n{URL}", "alerts (number 1).name: must be given"),
        (f'[[alerts]]\nname = "Team"\n{URL}', "alerts.Team.name: must be 1 to 63 of a-z"),
        (f"{TEAM}{URL}{TEAM}{URL}", "alerts.team: there are two channels of this name"),
        (TEAM, "alerts.team: must have one of url, webhook, command"),
        (TEAM + URL + HOOK, "alerts.team.webhook: is given together with url: keep one"),
        (TEAM + "command = []", "must be a program and its arguments, and not empty"),
        (TEAM + 'command = "rm -rf"', "must be a program and its arguments, in brackets"),
        (TEAM + 'url = "example.org"', "alerts.team.url: must be an Apprise URL"),
        (TEAM + 'url = "slack://${TOKENS"', "holds a ${ that names no variable"),
        (TEAM + 'url = "slack://${to-kens}"', "holds a ${ that names no variable"),
        (TEAM + 'url = "slack://a b"', "without blanks"),
        (TEAM + 'webhook = "https://example.org"', "must be a table such as"),
        (TEAM + "webhook = {}", "alerts.team.webhook.url: must be given"),
        (TEAM + 'webhook = { url = "http://example.org" }', "plain http:// can be read on the way"),
        (TEAM + 'webhook = { url = "https://u:p@example.org" }', "must not hold a user"),
        (TEAM + 'webhook = { url = "https://" }', "must name a host"),
        (TEAM + 'webhook = { url = "ftp://x" }', "must be a URL"),
        (
            TEAM + 'webhook = { url = "https://x", secret_env = "A", secret_file = "b" }',
            "alerts.team.webhook.secret_file: is given together with secret_env: keep one",
        ),
        (TEAM + 'webhook = { url = "https://x", secret = "a" }', "webhook.secret: no such setting"),
        (TEAM + URL + "events = []", "must be a list of events, and not empty"),
        (TEAM + URL + 'events = ["added", "remved"]', "number 2 must be one of added, returned, removed, changed,"),
        (TEAM + URL + 'events = ["remved"]', 'did you mean "removed"?'),
        (TEAM + URL + 'events = ["added:x"]', "or changed:FIELD"),
        (TEAM + URL + 'events = ["changed:"]', "or changed:FIELD"),
        (TEAM + URL + "events = [1]", "number 1 must be one of"),
        (TEAM + URL + 'sources = ["antropic"]', 'no source is named antropic; did you mean "anthropic"?'),
        (TEAM + URL + 'only = "watch"', 'did you mean "watched"?'),
        (TEAM + URL + 'only = "watched"', "alerts.team.only: needs ids to watch"),
        (TEAM + URL + "failures = 0", "from 1 to 1000"),
        (TEAM + URL + 'models = [""]', "number 1 must be a pattern of ids"),
        (f"[alerts]\n{URL}", "alerts: must be tables: [[alerts]]"),
        ("alerts = 5", "alerts: must be tables: [[alerts]]"),
        ("alerts = [5]", "alerts: must be tables: [[alerts]]"),
    ],
)
def test_a_channel_that_cannot_work_is_refused(load: Loader, lines: str, words: str) -> None:
    assert words in refused(load, lines)


@pytest.mark.parametrize(
    "lines",
    [
        f'name = "a"\nurl = "{SECRET}"',
        f'name = "a"\nurl = "slack:{SECRET}"',
        f'name = "a"\nurl = "slack://${{{SECRET}}}"',
        f'name = "a"\nwebhook = {{ url = "https://u:{SECRET}@host" }}',
        f'name = "a"\nwebhook = {{ url = "http://host/{SECRET}" }}',
        f'name = "a"\nwebhook = {{ url = "https://host", secret_env = "{SECRET}" }}',
        f'name = "a"\nwebhook = {{ url = "https://host", secret_file = "whsec-{SECRET}-{SECRET}" }}',
        f'name = "a"\nevents = ["{SECRET}"]\n{URL}',
        f'name = "a"\nurl = "json://host/{SECRET}"\nx = 1',
    ],
)
def test_a_secret_in_the_wrong_place_is_never_printed(load: Loader, lines: str) -> None:
    assert "pity" not in refused(load, f"[[alerts]]\n{lines}")


def channel(load: Loader, lines: str) -> AlertSettings:
    (alert,) = load(TEAM + lines).alerts
    return alert


def test_an_address_is_filled_in_when_it_is_needed_and_shows_itself_to_nobody(load: Loader) -> None:
    alert = channel(load, 'url = "slack://${TOKENS}/${ROOM}?x=${ROOM}"')
    url = config.channel_url(alert, environ={"TOKENS": f"{SECRET}\n", "ROOM": "dev"})
    assert url is not None
    assert url.reveal() == f"slack://{SECRET}/dev?x=dev"
    assert str(url) == "***"
    with pytest.raises(TypeError):
        pickle.dumps(url)
    whole = channel(load, 'url = "${TEAM_URL}"')
    assert getattr(config.channel_url(whole, environ={"TEAM_URL": "json://x"}), "reveal", str)() == "json://x"
    assert config.channel_url(channel(load, 'command = ["x"]'), environ={}) is None


@pytest.mark.parametrize(
    ("lines", "environ", "words"),
    [
        ('url = "slack://${TEAM_TOKEN}"', {}, "no address for channel team: TEAM_TOKEN is not set"),
        ('url = "slack://${TEAM_TOKEN}"', {"TEAM_TOKEN": ""}, "TEAM_TOKEN is empty"),
        ('url = "slack://${TEAM_TOKEN}"', {"TEAM_TOKEN": f"{SECRET} x"}, "TEAM_TOKEN holds blanks"),
        ('url = "${TEAM_URL}"', {"TEAM_URL": SECRET}, "with its variables filled in, must be an Apprise URL"),
        ('webhook = { url = "${TEAM_URL}" }', {"TEAM_URL": f"http://h/{SECRET}"}, "plain http://"),
        ('webhook = { url = "${TEAM_URL}" }', {"TEAM_URL": SECRET}, "with its variables filled in, must be a URL"),
    ],
)
def test_an_address_that_cannot_be_filled_in_is_told_without_it(
    load: Loader, lines: str, environ: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.channel_url(channel(load, lines), environ=environ)
    assert words in caught.value.message
    assert "pity" not in f"{caught.value.message}{caught.value.hint}"
    assert caught.value.__cause__ is None


def test_a_webhook_is_signed_when_a_secret_is_named(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(f"{SECRET}\n")
    (tmp_path / "hook").chmod(0o600)
    for secret in ('secret_env = "HOOK_SECRET"', 'secret_file = "hook"'):
        alert = channel(load, f'webhook = {{ url = "https://example.org", {secret} }}')
        found = config.channel_secret(alert, environ={"HOOK_SECRET": SECRET})
        assert found is not None
        assert found.reveal() == SECRET
    assert config.channel_secret(channel(load, HOOK), environ={}) is None
    assert config.channel_secret(channel(load, URL), environ={}) is None


def test_a_missing_secret_is_told_when_it_is_needed(load: Loader, tmp_path: Path) -> None:
    alert = channel(load, 'webhook = { url = "https://example.org", secret_env = "HOOK_SECRET" }')
    with pytest.raises(ConfigError, match="no secret for channel team: HOOK_SECRET is not set"):
        config.channel_secret(alert, environ={})
    alert = channel(load, 'webhook = { url = "https://example.org", secret_file = "gone" }')
    with pytest.raises(ConfigError, match=f"no secret for channel team: {tmp_path}/gone: there is no such file"):
        config.channel_secret(alert, environ={})


def test_addresses_stay_out_of_reprs_and_every_known_secret_can_be_struck_out(load: Loader) -> None:
    ping = f"https://hc-ping.com/{SECRET}"
    loaded = load(f"""
        [[alerts]]
        name = "a"
        url = "slack://{SECRET}"
        [[alerts]]
        name = "b"
        webhook = {{ url = "https://host/{SECRET}", secret_env = "HOOK_SECRET" }}
        [[alerts]]
        name = "c"
        url = "slack://${{C_TOKEN}}"
        [monitor]
        ping_url = "{ping}"
    """)
    assert "pity" not in repr(loaded)
    environ = {"HOOK_SECRET": "hooked", "C_TOKEN": "seasoned", "ANTHROPIC_API_KEY": "keyed"}
    told = {f"slack://{SECRET}", f"https://host/{SECRET}", "slack://seasoned", "seasoned", "hooked", "keyed", ping}
    # Libraries name a URL without its host, so that what stands behind it is struck out by itself, too.
    assert set(config.secrets(loaded, environ=environ)) == {*told, SECRET}


def test_an_address_that_everybody_may_read_is_worth_a_warning(load: Loader, tmp_path: Path) -> None:
    def warned(text: str) -> bool:
        load(text)
        (tmp_path / "catalog.toml").chmod(0o644)
        return bool(config.load(tmp_path / "catalog.toml", environ={}).warnings)

    assert warned(TEAM + f'url = "slack://{SECRET}"')
    assert not warned(TEAM + 'url = "slack://${TOKENS}"')
    assert not warned(TEAM + URL)
    hook = '[[alerts]]\nname = "hook"\nwebhook = {{ url = "{}" }}\n'
    assert warned(hook.format(f"https://example.org/{SECRET}"))
    assert not warned(hook.format("https://example.org/${TOKEN}"))
    assert not warned(hook.format("http://127.0.0.1:8080/hook"))
    assert warned(f'[monitor]\nping_url = "https://hc-ping.com/{SECRET}"')
    assert not warned('[monitor]\nping_url = "http://localhost:8000/ping/1"')
    assert warned('[database]\nurl = "postgresql://u@h/d?password=p"')
    assert warned('[database]\nurl = "host=h user=u password=p"')
    assert not warned('[database]\nurl = "postgresql://u@h/d"')


@pytest.mark.parametrize("url", ["HTTP://example.org/hook", "Http://example.org", "hTTp://10.0.0.1/"])
def test_plain_http_to_another_machine_is_found_in_any_case_and_in_variables(load: Loader, url: str) -> None:
    # `HTTP://` passed, because the text was compared and not what it means.
    with pytest.raises(ConfigError, match="plain http://"):
        load(f'[[alerts]]\nname = "hook"\nwebhook = {{ url = "{url}" }}')
    (alert,) = load('[[alerts]]\nname = "hook"\nwebhook = { url = "${HOOK}" }').alerts
    with pytest.raises(ConfigError, match="plain http://"):
        config.channel_url(alert, environ={"HOOK": url})
    for allowed in ("HTTP://LOCALHOST/hook", "http://127.1/hook", "HTTP://[::ffff:127.0.0.1]/", "HTTPS://example.org"):
        assert config.channel_url(alert, environ={"HOOK": allowed})


# The watchlist.


def test_watched_ids_come_from_the_configuration_and_from_files_each_once(load: Loader, tmp_path: Path) -> None:
    text = "\ufeff# ours\r\nclaude-b\r\n\r\n  claude-c   # for the bot\nclaude-a\nodd#id"
    (tmp_path / "models.txt").write_bytes(text.encode())
    loaded = load('[watch]\nmodels = ["claude-a"]\nfiles = ["models.txt"]')
    assert config.watched(loaded.watch) == ("claude-a", "claude-b", "claude-c", "odd#id")
    assert config.watched(WatchSettings()) == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"claude-a\nclaude\x1b-b\n", "models.txt, line 2: must be a model id"),
        (b"a" * 257, "line 1: must be a model id"),
        (b"\xff", "is no text in UTF-8"),
        (b"a\n" * 500_001, "is larger than 1 MB"),
    ],
)
def test_a_list_that_cannot_be_one_is_refused(load: Loader, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "models.txt").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        config.watched(load('[watch]\nfiles = ["models.txt"]').watch)
    assert words in caught.value.message


def test_a_missing_list_is_told_when_it_is_used(load: Loader, tmp_path: Path) -> None:
    for name, words in (("gone.txt", "is not there"), (".", "is no readable file")):
        watch = load(f'[watch]\nfiles = ["{name}"]').watch
        with pytest.raises(ConfigError, match=words):
            config.watched(watch)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("milestones = [7, 7]", "one stands there twice"),
        ("milestones = [0]", "from 1 to 3650"),
        ("milestones = [true]", "from 1 to 3650"),
        ('milestones = ["7"]', "without quotes"),
        ("milestones = 7", "in brackets"),
        ('models = ["a\\n"]', "number 1 must be a model id"),
        ('files = "models.txt"', "must be a list of paths, in brackets"),
        ("files = [5]", "number 1 must be a path to a file"),
    ],
)
def test_a_watchlist_that_cannot_be_is_refused(load: Loader, lines: str, words: str) -> None:
    assert words in refused(load, f"[watch]\n{lines}")


# Monitoring.


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f'ping_url = "{SECRET}"', "must be a URL such as"),
        (f'ping_url = "https://u:{SECRET}@host"', "hold no user"),
        (f'ping_url = "https:///{SECRET}"', "must name a host"),
        (f'ping_url = "https://host/#{SECRET}"', "fragment"),
        ("ping_url = 5", "must be a URL such as"),
        ("metrics_file = 5", "must be a path to a file, or empty"),
        ('listen = "9464"', "must be an address such as"),
        ('listen = ":9464"', "must be an address such as"),
        ('listen = "127.0.0.1:65536"', "must be an address such as"),
        ('listen = "::1:9464"', "must be an address such as"),
        ('listen = "127..0.1:9464"', "must be an address such as"),
        ('listen = ".localhost:9464"', "must be an address such as"),
        (f'listen = "{"x" * 64}.example:9464"', "must be an address such as"),
        ("listen = 9464", "must be an address such as"),
    ],
)
def test_monitoring_that_cannot_be_is_refused(load: Loader, line: str, words: str) -> None:
    message = refused(load, f"[monitor]\n{line}")
    assert words in message
    assert "pity" not in message


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:80", ("::1", 80)), ("my-host.example:1", ("my-host.example", 1))],
)
def test_an_address_is_a_host_and_a_port(load: Loader, text: str, address: tuple[str, int]) -> None:
    assert load(f'[monitor]\nlisten = "{text}"').monitor.listen == address


def test_problems_of_every_table_are_told_at_once(load: Loader) -> None:
    message = refused(load, f'[schedule]\nevery = 1\n{TEAM}only = "x"\n[watch]\nmilestone = [1]\n[monitor]\nlisten = 1')
    assert message.startswith("5 problems in the configuration:\n")
    for words in (
        "  schedule.every: ",
        "  alerts.team.only: ",
        "  alerts.team: must have one of",
        '  watch.milestone: no such setting; did you mean "milestones"?',
        "  monitor.listen: ",
    ):
        assert words in message


@pytest.mark.parametrize("style", ["healthchecks", "uptime-kuma", "plain"])
def test_a_watcher_has_a_style(load: Loader, style: str) -> None:
    assert load(f'[monitor]\nping_style = "{style}"').monitor.ping_style == style


def test_another_style_is_refused_with_those_there_are(load: Loader) -> None:
    words = refused(load, '[monitor]\nping_style = "kuma"')
    assert "monitor.ping_style" in words
    assert "uptime-kuma" in words
