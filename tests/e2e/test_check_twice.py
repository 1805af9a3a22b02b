"""`catalog check` asks each source twice, and says what of its list the settings do not fit."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import cli
from tests.server import ModelsServer, Visit

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]

Answer = Callable[[int], Any]  # the body for the request of a number, from 1


def entry(id: str, **members: object) -> dict[str, object]:
    return {"id": id, "name": id.title(), **members}


def moving(number: int) -> Any:
    return {"data": [entry(id, created=1_700_000_000 + number, stats={"runs": number}) for id in ("a", "b", "c")]}


def still(number: int) -> Any:
    entries = [entry("a", created=1_600_000_000), entry("b", created=1_600_000_001)]
    return {"data": entries if number % 2 else entries[::-1]}


def cut(_number: int) -> Any:
    return {"data": [entry("a")], "links": {"next": "https://elsewhere.example.org/v1/models?page=2"}}


def paged(_number: int) -> Any:
    return {"data": [entry("a")], "next": "token-2"}


def empty(_number: int) -> Any:
    return {"data": []}


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelsServer]:
    monkeypatch.chdir(tmp_path)
    server = ModelsServer(organization=None).start()
    yield server
    server.close()


def checked(
    api: ModelsServer,
    capsys: pytest.CaptureFixture[str],
    answer: Answer,
    own: str = "",
    *options: str,
    api_name: str = "custom",
) -> tuple[int, str, str]:
    def answered(visit: Visit) -> None:
        visit.send_json(200, answer(len(api.requests)))

    api.always = answered
    source = f'[sources.lab]\napi = "{api_name}"\nbase_url = "{api.url}"\nauth = "none"\n{own}\n'
    Path("catalog.toml").write_text(source)
    code = cli.run([*options, "check"])
    out, err = capsys.readouterr()
    return code, out, err


def test_members_that_move_by_themselves_are_named_with_the_setting(
    api: ModelsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = checked(api, capsys, moving)
    assert (code, len(api.requests)) == (0, 2)
    assert "of 3 entries in two looks, these members differ: `created` on 3, `stats.runs` on 3" in out
    assert 'ignore = ["created", "stats.runs"]' in out
    assert {request.target for request in api.requests} == {"/v1/models"}


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        (still, ""),
        (moving, 'ignore = ["created", "stats"]'),
        (moving, 'ignore = ["created", "stats.*"]'),
        (empty, ""),
    ],
)
def test_a_list_that_stands_still_has_no_such_note(
    api: ModelsServer, capsys: pytest.CaptureFixture[str], answer: Answer, own: str
) -> None:
    code, out, _ = checked(api, capsys, answer, own)
    assert (code, "differ" in out, "ok    lab: " in out) == (0, False, True)
    assert not Path("catalog.db").exists()


@pytest.mark.parametrize(
    ("api_name", "fields", "note"),
    [
        (
            "custom",
            'display_name = "name", retires_at = ["sunset", "eol"], max_tokens = "most"',
            "no model has retires_at, max_tokens: list.fields looks for sunset, eol, most",
        ),
        ("custom", 'type = "type"', "no model has type: list.fields looks for type"),
        ("custom", 'display_name = "name"', ""),
        ("custom", "", ""),
        ("openai", "", ""),  # what its row maps is there on some servers, and on others not
        ("deepseek", "", ""),
        (
            "openai",
            'type = "kind", retires_at = "eol"',
            "no model has type, retires_at: list.fields looks for kind, eol",
        ),
        ("groq", "", "no model has lifecycle: list.fields looks for active"),
        ("groq", 'lifecycle = ""', ""),
        ("mistral", 'retires_at = "", created_at = "made"', "no model has created_at: list.fields looks for made"),
    ],
)
def test_columns_that_stay_empty_although_this_list_should_fill_them_are_named_in_one_line(
    api: ModelsServer, capsys: pytest.CaptureFixture[str], api_name: str, fields: str, note: str
) -> None:
    own = f"[sources.lab.list]\nfields = {{ {fields} }}" if fields else ""
    code, out, _ = checked(api, capsys, still, own, api_name=api_name)
    assert (code, out.count("no model has")) == (0, 1 if note else 0)
    assert f"note  lab: {note}" in out


def test_sources_that_wait_for_the_same_thing_share_a_line(
    api: ModelsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    second = f'[sources.two]\napi = "openai"\nbase_url = "{api.url}"\nauth = "none"\n'
    _, out, _ = checked(api, capsys, still, second)
    assert "note  lab, two: nothing is told as new yet: of each the first walk" in out
    assert out.count("nothing is told as new yet") == 1


def test_an_unfollowed_mark_is_a_problem_with_the_setting_that_follows_it(
    api: ModelsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = checked(api, capsys, cut)
    assert code == 3
    assert "more follows (`links.next`)" in err
    assert 'set paging = "url" and list.next = "links.next"' in err


def test_a_list_that_goes_on_by_tokens_is_told_as_one_that_goes_on(
    api: ModelsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    own = 'paging = "token"\n[sources.lab.list]\nnext = "next"\ntoken_param = "after"'
    code, out, err = checked(api, capsys, paged, own)
    assert (code, err, "1 model on the first page and more to come" in out) == (0, "", True)


def test_quiet_tells_no_note(api: ModelsServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(api, capsys, moving, "", "-q") == (0, "", "")
