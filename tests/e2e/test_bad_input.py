"""What bad input gets: words that say what is wrong and what to type, the right exit code, and nothing lost.

Each row runs `catalog sync` against a catalog of three models. Whatever the API does, the history stays as it was.
"""

import json
from collections.abc import Callable

import pytest

from tests import server as wire
from tests.e2e.ground import IDS, Ground
from tests.server import ModelsServer, answer, error, model, page

EPOCH = "1970-01-01T00:00:00Z"

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]  # the command line tells of failures by its log


Step = Callable[[ModelsServer], None]


def always(step: wire.Step) -> Step:
    """Answer every request so."""

    def prepare(server: ModelsServer) -> None:
        server.always = step

    return prepare


def items(*entries: object) -> Step:
    """List exactly these entries, on one page."""
    return always(answer(page(list(entries))))


def raw(body: bytes) -> Step:
    """Answer these bytes."""
    return always(answer(body))


def with_item(text: str) -> Step:
    """List one model whose entry is this JSON text."""
    return raw(b'{"data":[' + text.encode("utf-8", "surrogatepass") + b'],"has_more":false}')


# Answers that cut the walk: exit 3, a `failed` run that says why, and a history as if nothing had been asked.
CUT: dict[str, tuple[Step, str]] = {
    "401": (always(error(401)), "401"),
    "403": (always(error(403)), "403"),
    "404 base url": (always(error(404)), "base_url"),
    "html with 200": (always(wire.html()), "HTML"),
    "200 with an error body": (always(answer(wire.problem("api_error"))), "api_error"),
    "200 with success false": (always(answer({"success": False, "message": "no"})), "success: false"),
    "data null": (always(answer({"data": None, "has_more": False})), "data"),
    "bare array": (always(answer([model("claude-a")])), "bare list"),
    "has_more missing": (always(answer({"data": [model("claude-a")]})), 'paging = "none"'),
    "has_more a string": (always(answer({"data": [model("claude-a")], "has_more": "false"})), "has_more"),
    "empty page with more": (always(answer(page([], has_more=True))), "more"),
    "looping cursor": (always(answer(page([model("claude-a")], has_more=True))), "never ends"),
    "empty body": (raw(b""), "empty"),
    "no json": (raw(b"{"), "JSON"),
    "cut body with length": (always(wire.cut()), "lost"),
    "cut body without length": (always(wire.cut(with_length=False)), "ends in the middle"),
    "cut in chunks": (always(wire.cut_chunks()), "lost"),
    "cut headers": (always(wire.cut_headers), ""),
    "slow drip in the body": (always(wire.slow_body()), "time"),
    "slow drip in the headers": (always(wire.slow_headers()), "time"),
    "silence": (always(wire.silence()), "time"),
    "reset": (always(wire.reset), "connection"),
    "529 storm": (always(error(529)), "529"),
    "500": (always(error(500)), "500"),
    "429 with seconds": (always(error(429, headers={"retry-after": "30"})), "429"),
    "429 with a fraction": (always(error(429, headers={"retry-after": "0.5"})), "429"),
    "429 with a date": (always(error(429, headers={"retry-after": "Fri, 31 Dec 2999 23:59:59 GMT"})), "429"),
    "429 with milliseconds": (always(error(429, headers={"retry-after-ms": "400"})), "429"),
    "429 with nonsense": (always(error(429, headers={"retry-after": "soon"})), "429"),
    "429 spend limit": (always(error(429, error_code="enforced_spend_limit_reached")), "spend"),
    **{
        f"redirect {status}": (always(wire.redirect("http://127.0.0.1:9/v1/models", status)), "redirect")
        for status in (301, 302, 303, 307, 308)
    },
}


@pytest.mark.parametrize("row", CUT.values(), ids=CUT.keys())
def test_a_cut_walk_changes_nothing_but_its_own_record(ground: Ground, row: tuple[Step, str]) -> None:
    prepare, words = row
    before = ground.history()
    prepare(ground.server)
    with ground.in_a_hurry():
        code, out, err = ground.run("sync")
    assert (code, out) == (3, "")
    assert "anthropic: " in err
    assert words.lower() in err.lower()
    assert wire.KEY not in err
    assert ground.history() == before
    [(status, told)] = ground.rows("SELECT status, error FROM sync_runs WHERE run_id = 2")
    assert status == "failed"
    assert words.lower() in str(told).lower() or words in err
    ground.server.always = wire.honest
    assert ground.run("sync")[0] == 0
    assert ground.history()[1:] == before[1:]


def test_a_page_that_unpacks_to_more_than_is_allowed_is_refused(ground: Ground) -> None:
    before = ground.history()
    ground.server.always = wire.gzip_bomb()
    code, _, err = ground.run("sync")
    assert code == 3
    assert "max_page_bytes" in err
    assert ground.history() == before


def test_a_redirect_takes_the_key_nowhere(ground: Ground) -> None:
    elsewhere = ModelsServer().start()
    try:
        for target in (elsewhere.url, ground.server.url):
            ground.server.script(wire.redirect(f"{target}/v1/models", 302))
            asked = len(ground.server.requests)
            assert ground.run("sync")[0] == 3
            assert elsewhere.requests == []
            assert len(ground.server.requests) == asked + 1
    finally:
        elsewhere.close()


# Entries that cannot be believed fully: exit 0 with a warning, what is listed is recorded, nobody is missed for it.
UNCLEAN: dict[str, Step] = {
    "no id": items({"type": "model"}, model("claude-new")),
    "id 5": items({**model("x"), "id": 5}, model("claude-new")),
    "id null": items({**model("x"), "id": None}, model("claude-new")),
    "id empty": items({**model("x"), "id": ""}, model("claude-new")),
    "id of 300 characters": items(model("x" * 300), model("claude-new")),
    "id with a control character": items(model("claude\x1b[2J"), model("claude-new")),
    "id with a lone surrogate": raw(b'{"data":[{"id":"a\\ud800"},{"id":"claude-new"}],"has_more":false}'),
    "entry that is no object": items("claude-x", model("claude-new")),
    "same id twice, different": items(model("claude-new"), model("claude-new", display_name="Other")),
}


@pytest.mark.parametrize("prepare", UNCLEAN.values(), ids=UNCLEAN.keys())
def test_what_an_unclean_walk_lists_is_recorded_and_what_it_lacks_is_not_held_against_anyone(
    ground: Ground, prepare: Step
) -> None:
    prepare(ground.server)
    code, out, _ = ground.run("sync")
    assert code == 0
    assert "partial" in out
    assert ground.rows("SELECT id FROM models ORDER BY id") == [*((id,) for id in IDS), ("claude-new",)]
    assert ground.rows("SELECT count(*) FROM models WHERE missing_since IS NOT NULL") == [(0,)]


# Values of fields that no database or terminal should meet: the model is recorded, the field is made safe.
ODD_FIELDS = {
    "created_at no date": ('"created_at": "yesterday"', "created_at", None),
    "created_at naive": ('"created_at": "2026-01-01T00:00:00"', "created_at", None),
    "created_at a number": ('"created_at": 1626777600', "created_at", None),
    "created_at epoch": (f'"created_at": "{EPOCH}"', "created_at", None),
    "created_at year one": ('"created_at": "0001-01-01T00:00:00+02:00"', "created_at", None),
    "retires_at no date": ('"retires_at": "20260101"', "retires_at", None),
    "name no text": ('"display_name": {"en": "A"}', "display_name", None),
    "NaN": ('"max_tokens": NaN', "max_tokens", None),
    "infinity": ('"max_tokens": 1e999', "max_tokens", None),
    "NUL": (r'"display_name": "a\u0000b"', "display_name", "a�b"),
    "lone surrogate": (r'"display_name": "a\ud800b"', "display_name", "a�b"),
    "2**70": ('"max_tokens": 1180591620717411303424', "max_tokens", None),
    "negative": ('"max_tokens": -1', "max_tokens", None),
    "true for a number": ('"max_tokens": true', "max_tokens", None),
    "zero is unknown": ('"max_tokens": 0', "max_tokens", None),
    "5,000 digits": (f'"max_tokens": {"9" * 5000}', "max_tokens", None),
    "depth 5,000": (f'"deep": {"[" * 5000}{"]" * 5000}, "line": "opus"', "line", "opus"),
    "a long name": (f'"display_name": "{"x" * 100_000}"', "display_name", "x" * 100_000),
}


@pytest.mark.parametrize("row", ODD_FIELDS.values(), ids=ODD_FIELDS.keys())
def test_an_odd_field_never_stops_its_model(ground: Ground, row: tuple[str, str, object]) -> None:
    member, column, value = row
    with_item(f'{{"id": "claude-odd", {member}}}')(ground.server)
    code, _, err = ground.run("sync")
    assert code in {0, 5}  # the three others are not listed here, which the guard holds
    assert err == ""
    assert ground.rows(f"SELECT {column} FROM models WHERE id = 'claude-odd'") == [(value,)]
    attributes = ground.rows("SELECT attributes FROM models WHERE id = 'claude-odd'")
    json.loads(str(attributes[0][0]))


def test_an_identical_duplicate_is_dropped_with_a_warning(ground: Ground) -> None:
    items(*(model(id) for id in IDS), model(IDS[0]))(ground.server)
    code, out, _ = ground.run("sync")
    assert (code, ground.rows("SELECT status FROM sync_runs WHERE run_id = 2")) == (0, [("complete",)])
    assert "repetition" in out


def test_a_server_that_ignores_the_cursor_is_named(ground: Ground) -> None:
    ground.server.ignores_paging = True
    ground.server.reshape = lambda envelope: {**envelope, "has_more": True}
    code, _, err = ground.run("sync")
    assert code == 3
    assert 'paging = "none"' in err


def test_a_server_without_pages_is_accepted_when_the_setting_says_so(ground: Ground) -> None:
    ground.server.always = answer({"object": "list", "data": [model(id) for id in IDS]})
    ground.configure(paging="none")
    assert ground.run("sync")[0] == 0


# What is wrong before anything is asked: exit 2, no run is recorded, no request is made.
KEYS = {
    "no key": (None, "ANTHROPIC_API_KEY"),
    "empty key": ("", "ANTHROPIC_API_KEY"),
    "key with a newline inside": ("sk-ant-secret\nx", "ANTHROPIC_API_KEY"),
    "key with umlaut": ("sk-änt", "ANTHROPIC_API_KEY"),
}


@pytest.mark.parametrize("row", KEYS.values(), ids=KEYS.keys())
def test_without_a_usable_key_nothing_is_asked(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, row: tuple[str | None, str]
) -> None:
    key, words = row
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    if key is not None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    asked = len(ground.server.requests)
    code, _, err = ground.run("sync")
    assert code == 2
    assert words in err
    assert "secret" not in err
    assert len(ground.server.requests) == asked
    assert ground.rows("SELECT count(*) FROM sync_runs") == [(1,)]


ADDRESSES = {
    "refused connection": ("http://127.0.0.1:9", 3, "refused"),
    "dns failure": ("https://models.invalid", 3, "resolve"),
    "plain http to another host": ("http://example.com", 2, "allow_http"),
    "no scheme": ("api.example.com", 2, "base_url"),
}


@pytest.mark.parametrize("row", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_a_wrong_address_is_told_with_its_cure(ground: Ground, row: tuple[str, int, str]) -> None:
    url, expected, words = row
    before = ground.history()
    ground.configure(base_url=url)
    with ground.in_a_hurry():
        code, _, err = ground.run("sync")
    assert code == expected
    assert words in err
    assert ground.history() == before


def test_of_several_sources_each_is_tried_and_the_gravest_counts(ground: Ground) -> None:
    (ground.folder / "catalog.toml").write_text(
        f'[sources.bad]\nbase_url = "http://127.0.0.1:9"\ndeadline = "1s"\n'
        f'[sources.anthropic]\nbase_url = "{ground.server.url}"\npage_size = 2\n'
    )
    code, out, err = ground.run("sync")
    assert code == 3
    assert "anthropic: 3 models listed" in out
    assert "bad: " in err


@pytest.mark.parametrize("paging", ["cursor", "none"])
@pytest.mark.parametrize("command", ["sync", "check"])
def test_a_list_that_goes_on_where_its_source_does_not_follow_is_an_error_that_names_the_mark(
    ground: Ground, paging: str, command: str
) -> None:
    before = ground.history()
    ground.configure(paging=paging, page_size=10)
    ground.server.models = ground.server.models[:2]
    ground.server.reshape = lambda envelope: envelope | {"links": {"next": "/v1/models?page=2"}}
    code, out, err = ground.run(command)
    cure = "page_size" if paging == "cursor" else 'set paging = "url" and list.next = "links.next"'
    assert (code, "more follows (`links.next`)" in out + err, cure in out + err) == (3, True, True)
    assert ground.history() == before


def test_a_count_that_is_larger_than_what_came_is_a_doubt_until_it_is_silenced(ground: Ground) -> None:
    ground.server.models = ground.server.models[:2]
    ground.server.reshape = lambda envelope: envelope | {"total_count": 5}
    code, out, _ = ground.run("sync")
    assert (code, "partial" in out, 'list.total = ""' in out, "missing since" in out) == (0, True, True, False)
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write('[sources.anthropic.list]\ntotal = ""\n')
    code, out, _ = ground.run("sync")
    assert (code, "missing since" in out) == (0, True)
