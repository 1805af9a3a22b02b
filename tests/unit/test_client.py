"""The client: what it sends, what it believes, how long it insists, and what it never gives away."""

import base64
import gc
import re
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from catalog.domain import Identity
from catalog.errors import AnswerError, ConfigError, CursorError, DeadlineError, KeyRefusedError, ListingError
from catalog.settings import ListSettings, SourceSettings
from catalog.upstream import fetch
from catalog.upstream.client import ModelsClient, SourceClient
from tests import server as play
from tests.server import KEY, ORGANIZATION, ModelsServer, Step, model

pytestmark = pytest.mark.promise("P9")

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class Pace:
    """Time that passes without being waited for: sleeping moves `monotonic` on, and is kept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.slept)


Connect = Callable[..., ModelsClient]


@pytest.fixture
def pace() -> Pace:
    return Pace()


@pytest.fixture
def connect(server: ModelsServer, pace: Pace) -> Iterator[Connect]:
    clients = []

    def build(**options: Any) -> ModelsClient:
        usual: dict[str, Any] = {"base_url": server.url, "key": KEY, "timeout": 5.0}
        still: dict[str, Any] = {"sleep": pace.sleep, "monotonic": pace.monotonic, "clock": lambda: NOW}
        clients.append(ModelsClient(**{**usual, **still, "spread": lambda: 0.0, **options}))
        return clients[-1]

    yield build
    for client in clients:
        client.close()


def ids(client: ModelsClient, **options: Any) -> list[str]:
    return [found.id for found in client.models(**options)]


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "catalog-exchange"]


def nobody_hangs() -> bool:
    until = time.monotonic() + 20
    while threads() and time.monotonic() < until:
        time.sleep(0.01)
    return not threads()


# What is sent


def test_a_request_says_who_asks_and_in_which_version(server: ModelsServer, connect: Connect) -> None:
    connect(betas=("a-1", "b-2"), workspace="wrkspc_1", api_version="2026-10-21").page()
    sent = server.requests[0].headers
    assert {name: sent.get(name) for name in ("x-api-key", "anthropic-version", "anthropic-beta")} == {
        "x-api-key": KEY,
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "a-1,b-2",
    }
    assert sent["anthropic-workspace-id"] == "wrkspc_1"


def test_netrc_adds_nothing(server: ModelsServer, connect: Connect) -> None:
    connect().page()
    assert "authorization" not in server.requests[0].headers


def test_a_bearer_key_goes_out_as_one_whatever_netrc_says(server: ModelsServer, connect: Connect) -> None:
    connect(auth="bearer").page()
    sent = server.requests[0].headers
    assert (sent["authorization"], sent.get("x-api-key")) == (f"Bearer {KEY}", None)


def test_headers_that_are_not_set_are_not_sent(server: ModelsServer, connect: Connect) -> None:
    connect().page()
    assert not {"anthropic-beta", "anthropic-workspace-id", "cookie"} & set(server.requests[0].headers)


def test_cookies_are_not_kept(server: ModelsServer, connect: Connect) -> None:
    server.script(play.answer(play.page([]), headers={"set-cookie": "track=1; path=/"}))
    client = connect()
    client.page()
    client.page()
    assert "cookie" not in server.requests[1].headers


def test_the_lifecycle_filter_is_sent_with_encoded_brackets(server: ModelsServer, connect: Connect) -> None:
    server.models = [model("old", lifecycle="retired"), model("new")]
    assert ids(connect(lifecycle=("active", "retired"))) == ["old", "new"]
    assert server.requests[0].target == "/v1/models?limit=1000&lifecycle%5B%5D=active&lifecycle%5B%5D=retired"


def test_without_a_filter_the_server_decides(server: ModelsServer, connect: Connect) -> None:
    server.models = [model("old", lifecycle="retired"), model("new")]
    assert ids(connect()) == ["new"]


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "//"])
def test_the_base_url_may_end_in_a_slash_or_in_v1(server: ModelsServer, connect: Connect, ending: str) -> None:
    client = connect(base_url=f" {server.url}{ending}")
    client.page()
    assert (server.requests[0].path, client.base_url) == ("/v1/models", server.url)


def test_a_path_in_the_base_url_is_kept(server: ModelsServer, connect: Connect) -> None:
    with pytest.raises(AnswerError, match="HTTP 404"):
        connect(base_url=f"{server.url}/gateway/v1").page()
    assert server.requests[0].path == "/gateway/v1/models"


@pytest.mark.parametrize(
    "text",
    [
        *("", "api.example.org", "ftp://example.org", "https://", "https://u:hunter2@example.org", "https://[::1"),
        *("https://example.org:99999", "https://example.org?k=hunter2", "https://example.org#hunter2"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_refused_and_never_quoted(text: str) -> None:
    with pytest.raises(ConfigError, match="base_url") as caught:
        ModelsClient(base_url=text, key=KEY)
    assert "hunter2" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("text", [f"{KEY}\n", f"\n {KEY}\r\n"])
def test_a_key_may_come_with_newlines_around_it(server: ModelsServer, connect: Connect, text: str) -> None:
    connect(key=text).page()
    assert server.requests[0].headers["x-api-key"] == KEY


@pytest.mark.parametrize(
    "text", ["", " \n", "sk-hunter2\nsecond", "sk hunter2", "sk-hünter2", "sk-hunter2\x00", "“sk”"]
)
def test_a_key_that_cannot_be_sent_is_refused_and_never_quoted(text: str) -> None:
    with pytest.raises(ConfigError, match="API key") as caught:
        ModelsClient(base_url="https://example.org", key=text)
    assert not any(part in str(caught.value) for part in ("hunter2", "hünter2", "second", "“"))


def test_a_key_with_signs_that_json_escapes_is_found_in_an_answer_too(server: ModelsServer) -> None:
    # Only the spellings \\uXXXX and \\/ were undone: a key with a quote or a backslash was not found, and was stored.
    server.key = 'sk-quote"and\\backslash/0123'
    server.models = [model("claude-a", display_name=server.key)]
    with (
        ModelsClient(base_url=server.url, key=server.key) as client,
        pytest.raises(AnswerError, match="the answer repeats the API key"),
    ):
        client.page()


@pytest.mark.parametrize("spelt", [KEY, f"you are {KEY}!", KEY.replace("s", "\\u0073"), KEY.replace("-", "\\u002D")])
def test_an_answer_that_repeats_the_key_is_refused_before_anybody_reads_it(
    server: ModelsServer, connect: Connect, spelt: str
) -> None:
    """A gateway that echoed its caller's key as a name got it stored, told and shown."""
    item = f'{{"type": "model", "id": "claude-a", "display_name": "{spelt}"}}'
    server.always = play.answer(f'{{"data": [{item}], "has_more": false}}'.encode())
    with pytest.raises(AnswerError, match="the answer repeats the API key") as listed:
        connect().page()
    server.always = play.answer(item.encode())
    with pytest.raises(AnswerError, match="the answer repeats the API key") as named:
        connect().model("claude-a")
    assert KEY not in f"{listed.value} {listed.value.hint} {named.value} {named.value.hint}"


def test_a_short_key_may_be_a_word_of_the_list(server: ModelsServer, connect: Connect) -> None:
    server.key, server.models = "lm-studio", [model("claude-a", display_name='lm-studio "a" \\u006c')]
    [listed] = connect(key="lm-studio").page().models
    assert listed.display_name == 'lm-studio "a" \\u006c'


@pytest.mark.parametrize("option", [{"api_version": "2023\n06"}, {"betas": ("a\r\nb",)}, {"workspace": "ü"}])
def test_a_header_that_cannot_be_sent_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="printable ASCII"):
        ModelsClient(base_url="https://example.org", key=KEY, **option)


# Pages and models


def test_a_page_follows_a_cursor_or_precedes_one(server: ModelsServer, connect: Connect) -> None:
    server.models = [model(f"m-{number}") for number in range(6)]
    after = connect().page(limit=2, after_id="m-1")
    before = connect().page(limit=2, before_id="m-4")
    assert ([m.id for m in after.models], after.has_more, after.first_id, after.last_id) == (
        ["m-2", "m-3"],
        True,
        "m-2",
        "m-3",
    )
    assert ([m.id for m in before.models], before.has_more) == (["m-2", "m-3"], True)


def test_an_empty_page_has_no_ends(connect: Connect) -> None:
    page = connect().page()
    assert (page.models, page.has_more, page.first_id, page.last_id) == ((), False, None, None)


def test_a_page_ends_at_its_last_usable_id(server: ModelsServer, connect: Connect) -> None:
    server.models = [model("a"), {"type": "model"}]
    assert connect().page().last_id == "a"


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 1001}, {"after_id": "a", "before_id": "b"}])
def test_what_no_server_would_take_is_not_even_sent(
    server: ModelsServer, connect: Connect, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError):
        connect().page(**options)
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "abcdefg"),
        ({"limit": 3}, "abcdefg"),
        ({"limit": 3, "start": "b"}, "cdefg"),
        ({"limit": 3, "backwards": True, "start": "f"}, "edcba"),
        ({"limit": 3, "backwards": True}, "gfedcba"),
    ],
)
def test_iteration_sees_all_pages_in_both_directions(
    server: ModelsServer, connect: Connect, options: dict[str, Any], expected: str
) -> None:
    server.models = [model(letter) for letter in "abcdefg"]
    assert "".join(ids(connect(), **options)) == expected


def test_iteration_never_ends_silently_or_never(server: ModelsServer, connect: Connect) -> None:
    server.models, server.ignores_paging = [model(letter) for letter in "abc"], True
    with pytest.raises(AnswerError, match="cursor came before"):
        ids(connect(), limit=2)
    server.script(play.answer(play.page([], has_more=True)))
    with pytest.raises(AnswerError, match="empty"):
        ids(connect())


def test_a_server_that_pages_not_at_all_is_read_at_once(server: ModelsServer, connect: Connect) -> None:
    server.script(play.answer({"data": [model("a")]}))
    assert ids(connect(paging=False)) == ["a"]


def test_one_model_is_asked_for_by_its_encoded_id(server: ModelsServer, connect: Connect) -> None:
    server.models = [model("vendor/a b?c=é#%2F", display_name="Odd")]
    assert connect().model("vendor/a b?c=é#%2F").display_name == "Odd"
    assert server.requests[0].target == "/v1/models/vendor%2Fa%20b%3Fc%3D%C3%A9%23%252F"


def test_a_model_that_is_not_there_is_named(connect: Connect) -> None:
    with pytest.raises(AnswerError, match="there is no model 'claude-x'"):
        connect().model("claude-x")


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_would_change_the_path_is_not_asked_for(server: ModelsServer, connect: Connect, id: str) -> None:
    with pytest.raises(AnswerError, match="no model id"):
        connect().model(id)
    assert server.requests == []


def test_answers_name_who_asked(server: ModelsServer, connect: Connect) -> None:
    server.workspace = "wrkspc_9"
    assert connect().begin(limit=1).answer().identity == Identity(organization=ORGANIZATION, workspace="wrkspc_9")
    server.organization = server.workspace = None
    assert connect().begin(limit=1).answer().identity == Identity()


# Trying again


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(server: ModelsServer, connect: Connect, pace: Pace, status: int) -> None:
    server.models = [model("a")]
    server.script(play.error(status), play.html(status))
    assert ids(connect()) == ["a"]
    assert pace.slept == [0.5, 1.0]


BROKEN_ANSWERS = {
    "cut, with a length": play.cut(),
    "cut, without a length": play.cut(with_length=False),
    "cut at a brace": play.cut(len('{"data": [{"type": "model"}'), with_length=False),
    "cut between chunks": play.cut_chunks(),
    "cut before the first byte": play.cut(0, with_length=False),
    "cut in the headers": play.cut_headers,
    "closed at once": play.hang_up,
    "reset": play.reset,
    "damaged compression": play.answer(b"\x1f\x8bnot gzip", headers={"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("step", BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS.keys())
def test_a_broken_answer_is_asked_for_again(server: ModelsServer, connect: Connect, step: Step) -> None:
    server.models = [model("a")]
    server.script(step)
    assert ids(connect()) == ["a"]
    assert len(server.requests) == 2


def test_without_a_length_a_whole_answer_is_taken(server: ModelsServer, connect: Connect) -> None:
    server.script(play.cut(10**6, with_length=False, value=play.page([model("a")])))
    assert ids(connect()) == ["a"]


@pytest.mark.parametrize("body", ["<html>", "[" * 100_000])
def test_without_a_length_another_answer_is_not_taken_for_a_cut_one(
    server: ModelsServer, connect: Connect, body: str
) -> None:
    def step(visit: play.Visit) -> None:
        visit.write(play.head(200, [("connection", "close")]) + body.encode())
        play.hang_up(visit)

    server.script(step)
    assert connect().begin(limit=1).answer().body == body.encode()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"Retry-After": "Sun, 22 Nov 2026 09:30:20 GMT"}, 20.0),
        ({"retry-after": "whenever"}, 0.5),
    ],
)
def test_a_wait_the_server_names_is_kept(
    server: ModelsServer, connect: Connect, pace: Pace, headers: dict[str, str], seconds: float
) -> None:
    server.script(play.error(429, headers=headers))
    connect().page()
    assert pace.slept == [seconds]


def test_a_named_wait_beyond_the_deadline_is_told_and_not_waited_for(
    server: ModelsServer, connect: Connect, pace: Pace
) -> None:
    server.script(play.error(429, headers={"retry-after": "21600"}))
    with pytest.raises(ListingError, match=r"rate_limit_error.*it asks to wait 21,600 s, and 600 s are left"):
        connect().page()
    assert (pace.slept, len(server.requests)) == ([], 1)


def test_a_storm_of_529_ends_after_six_tries(server: ModelsServer, connect: Connect, pace: Pace) -> None:
    server.always = play.error(529)
    with pytest.raises(
        ListingError, match=r"HTTP 529 \(overloaded_error, request req_000006\); given up after 6 tries"
    ):
        connect().page()
    assert pace.slept == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_a_spend_limit_is_not_tried_again(server: ModelsServer, connect: Connect) -> None:
    server.script(play.error(429, error_code="enforced_spend_limit_reached"))
    with pytest.raises(ListingError, match="spend limit"):
        connect().page()
    assert len(server.requests) == 1


def test_the_server_may_say_whether_to_try_again(server: ModelsServer, connect: Connect) -> None:
    server.script(play.error(400, headers={"x-should-retry": "true"}))
    connect().page()
    server.script(play.error(500, headers={"x-should-retry": "false"}))
    with pytest.raises(ListingError, match=r"HTTP 500 \(api_error, request req_000003\)$"):
        connect().page()


def test_one_try_is_said_to_be_one(server: ModelsServer, connect: Connect) -> None:
    server.script(play.error(500))
    with pytest.raises(ListingError, match=r"given up after 1 try$"):
        connect(max_tries=1).page()


# Refusals


@pytest.mark.parametrize(("status", "hint"), [(401, "api_key_env"), (403, "permissions")])
def test_a_refused_key_fails_at_once(server: ModelsServer, connect: Connect, status: int, hint: str) -> None:
    server.script(play.error(status, headers={"x-should-retry": "true"}))
    with pytest.raises(KeyRefusedError, match=f"HTTP {status}") as caught:
        connect().page()
    assert (hint in caught.value.hint, len(server.requests)) == (True, 1)


def test_without_a_key_the_hint_says_where_to_name_one(connect: Connect) -> None:
    with pytest.raises(KeyRefusedError, match="none was sent") as caught:
        connect(key=None).page()
    assert "api_key_file" in caught.value.hint


def test_an_address_without_models_hints_at_the_base_url(server: ModelsServer, connect: Connect) -> None:
    server.script(play.html(404))
    with pytest.raises(AnswerError, match="HTTP 404") as caught:
        connect().page()
    assert "base_url" in caught.value.hint


def test_a_cursor_that_is_not_taken_is_a_failure_of_its_own(connect: Connect) -> None:
    with pytest.raises(CursorError, match="HTTP 400"):
        connect().page(after_id="gone")


def test_a_bad_request_is_told_by_type_and_not_by_its_text(server: ModelsServer, connect: Connect) -> None:
    server.script(play.error(400, message=f"organization {ORGANIZATION} is on hold"))
    with pytest.raises(ListingError, match="invalid_request_error") as caught:
        connect().page()
    assert ORGANIZATION not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            101,
            "HTTP 101 (Switching Protocols, request req_000001): it speaks another protocol now; only 200 is an answer",
        ),
        (201, "HTTP 201 (Created, request req_000001): only 200 is an answer"),
        (202, "HTTP 202 (Accepted, request req_000001): the answer is still to come; only 200 is an answer"),
        (203, "something on the way changed the answer; only 200 is an answer"),
        (204, "HTTP 204 (No Content, request req_000001): it holds no list; only 200 is an answer"),
        (205, "HTTP 205 (Reset Content, request req_000001): it holds no list; only 200 is an answer"),
        (206, "HTTP 206 (Partial Content, request req_000001): a part of the list came, although all was asked for"),
        (226, "HTTP 226 (IM Used, request req_000001): only 200 is an answer"),
        (299, "HTTP 299 (request req_000001): only 200 is an answer"),
        (304, "HTTP 304 (Not Modified, request req_000001): a cache says that nothing is new, although nothing was"),
    ],
)
def test_only_200_is_an_answer_and_any_other_is_told_by_its_name(
    server: ModelsServer, connect: Connect, status: int, words: str
) -> None:
    server.script(play.answer(b"", status))
    with pytest.raises(AnswerError, match=re.escape(words)) as caught:
        connect().page()
    assert caught.value.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("location", "words", "hint"),
    [
        ("{https}/v1/models", "it leads to https", "write `base_url` with https://"),
        ("/v2/models", "it leads to another path", "set `base_url`"),
        ("https://elsewhere.invalid/v1/models?token=abc", "it leads to another host", "set `base_url`"),
        ("/login?next=/v1/models", "it leads to a login", "a login stands before it"),
        ("https://sso.invalid/oauth2/authorize", "it leads to a login", "a login stands before it"),
        ("", "it leads nowhere", "check `base_url`"),
        ("http://[", "it leads nowhere", "check `base_url`"),
        ("http://elsewhere.invalid:port/", "it leads to another host", "set `base_url`"),
    ],
)
def test_a_redirect_is_told_by_where_it_leads_and_its_address_is_never_quoted(
    server: ModelsServer, connect: Connect, location: str, words: str, hint: str
) -> None:
    server.script(play.redirect(location.format(https=server.url.replace("http:", "https:")), 301))
    with pytest.raises(AnswerError, match=f"Moved Permanently.*{words}; redirects are refused") as caught:
        connect().page()
    assert hint in caught.value.hint
    assert "invalid" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("elsewhere", [True, False])
def test_redirects_are_refused_wherever_they_lead(
    server: ModelsServer, connect: Connect, status: int, elsewhere: bool
) -> None:
    other = ModelsServer().start()
    server.script(play.redirect(f"{other.url if elsewhere else server.url}/v1/models", status))
    with pytest.raises(AnswerError, match="redirects are refused"):
        connect().page()
    other.close()
    assert (len(server.requests), other.requests) == (1, [])


WORDS = {
    "workspace": "anthropic-workspace-id is required when authenticating with an identity-linked API key",
    "credit": "Your credit balance is too low to access the API",
    "quota": "You exceeded your current quota, please check your plan and billing details",
    "limit": "limit: Input should be less than or equal to 100",
    "version": "anthropic-version: unknown version",
    "beta": "Unexpected value(s) `x` for the `anthropic-beta` header",
    "lifecycle": "lifecycle[]: unknown parameter",
    "other": "something else",
}


@pytest.mark.parametrize(
    ("status", "about", "hint"),
    [
        *((status, "workspace", "`workspace_id`") for status in (400, 401, 403, 422)),
        *((status, "credit", "credit") for status in (400, 402, 403, 429)),
        *((status, "quota", "billing") for status in (402, 429)),
        *((status, "limit", "`page_size`") for status in (400, 413, 414, 422)),
        *((status, "other", "`page_size`") for status in (400, 413, 414, 422)),
        *((400, about, hint) for about, hint in (("version", "`api_version`"), ("beta", "`betas`"))),
        *((status, "lifecycle", "`lifecycle`") for status in (400, 422)),
        *((402, "other", "credit"), (401, "other", "`api_key_env`"), (403, "other", "permissions")),
        *((404, "other", "`base_url`"), (404, "beta", "`base_url`"), (405, "other", "`base_url`")),
        *((407, "other", "USER:PASSWORD"), (408, "other", "`timeout`"), (410, "other", "`api_version`")),
        *(
            (418, "other", "`base_url`"),
            (426, "other", "https://"),
            (429, "other", "`every`"),
            (431, "other", "`betas`"),
        ),
        *(
            (451, "other", "law"),
            (496, "other", "certificate"),
            (500, "other", "next run"),
            (501, "other", "`base_url`"),
        ),
        *(
            (502, "credit", "next run"),
            (504, "limit", "`page_size`"),
            (511, "other", "login"),
            (523, "other", "next run"),
        ),
        *((529, "other", "overloaded"), (599, "workspace", "next run")),
    ],
)
def test_each_refusal_names_what_to_look_at(
    server: ModelsServer, connect: Connect, status: int, about: str, hint: str
) -> None:
    server.always = play.error(status, message=WORDS[about])
    with pytest.raises(ListingError, match=f"HTTP {status}") as caught:
        connect(max_tries=1).page()
    assert hint in caught.value.hint
    assert caught.value.said == WORDS[about]
    assert WORDS[about] not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("api", ["openai", "gemini", "custom"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422, 429, 431, 500])
def test_no_hint_names_a_setting_that_another_api_does_not_have(server: ModelsServer, api: str, status: int) -> None:
    """Settings of Anthropic's alone are refused in the table of any other API."""
    for words in WORDS.values():
        server.always = play.error(status, message=words)
        source = SourceSettings(name="one", base_url=server.url, api=api, auth="bearer")
        with pytest.raises(ListingError) as caught, SourceClient(source, KEY, pace=fetch.Pace(max_tries=1)) as it:
            it.list_page(5.0, 10)
        assert caught.value.hint
        assert not re.search("`(api_version|betas|lifecycle|workspace_id)`", caught.value.hint)


def test_every_status_has_a_hint(server: ModelsServer, connect: Connect) -> None:
    client = connect(max_tries=1)
    for status in range(101, 600):
        if status in {200, *range(102, 200)}:
            continue
        server.script(play.answer(b"", status))
        with pytest.raises(ListingError) as caught:
            client.page()
        assert caught.value.hint


@pytest.mark.parametrize("name", ["lifecycle", "betas", "workspace"])
def test_a_refused_first_question_names_what_the_source_adds_to_it(
    server: ModelsServer, connect: Connect, name: str
) -> None:
    server.always = play.answer(b"", 400)
    adds: dict[str, Any] = {name: ("active",) if name != "workspace" else "ws"}
    for options in ({}, adds):
        with pytest.raises(ListingError) as caught:
            connect(**options).page()
        assert "`page_size`" in caught.value.hint
        assert (f"`{name}" in caught.value.hint) is bool(options)


UNSIZED = {"paging": "none", "list": ListSettings(size_param="")}


@pytest.mark.parametrize(
    ("status", "about", "more", "hint"),
    [
        *((status, "limit", {}, "check `base_url`") for status in (400, 414, 422)),
        *((status, "other", {"query": {"a": ("b",)}}, "leave out `query`") for status in (400, 413, 414, 422)),
        (400, "other", {"headers": {"x-a": "b"}, "betas": ("b",)}, "leave out `betas`, or leave out `headers`"),
        (408, "other", {}, "raise `timeout` of this source"),
        (504, "other", {}, "the next run tries again"),
        (200, "", {"max_page_bytes": 10}, "raise `max_page_bytes` of this source"),
    ],
)
def test_a_page_size_that_is_not_asked_for_is_no_cure(
    server: ModelsServer, status: int, about: str, more: dict[str, Any], hint: str
) -> None:
    server.always = play.error(status, message=WORDS[about]) if about else play.answer(b'{"data": []}          ')
    for sized in (False, True):
        settings = {"name": "one", "base_url": server.url, **({} if sized else UNSIZED), **more}
        with (
            pytest.raises(ListingError) as caught,
            SourceClient(SourceSettings(**settings), KEY, pace=fetch.Pace(max_tries=1)) as it,
        ):
            it.list_page(5.0, 10)
        assert ("page_size" in caught.value.hint) is sized
        assert sized or hint in caught.value.hint


BAD_KEYS = [  # the question, and whether its key may be wrong
    ({"status": 400}, True),
    ({"status": 400, "api": "gemini"}, True),
    ({"status": 400, "api": "openai", "message": "limit: must be at most 100"}, True),
    ({"status": 400, "message": "API key not valid. Please pass a valid API key."}, True),
    ({"status": 400, "key": None}, False),  # none was sent
    ({"status": 400, "after_id": "claude-a"}, False),  # it was good for the page before
    *(({"status": status}, False) for status in (404, 413, 422, 500)),
]


@pytest.mark.parametrize(("asked", "told"), BAD_KEYS)
def test_a_refused_first_question_names_the_key_among_the_causes(
    server: ModelsServer, asked: dict[str, Any], told: bool
) -> None:
    body = {"error": {"code": 400, "message": asked.get("message", ""), "status": "INVALID_ARGUMENT"}}
    server.always = play.answer(body, asked["status"])
    source = SourceSettings(name="one", base_url=server.url, api=asked.get("api", "anthropic"))
    with (
        pytest.raises(ListingError) as caught,
        SourceClient(source, asked.get("key", KEY), pace=fetch.Pace(max_tries=1)) as it,
    ):
        it.list_page(5.0, 10, after_id=asked.get("after_id"))
    assert ("api_key_env" in caught.value.hint) is told
    assert KEY not in f"{caught.value} {caught.value.hint} {caught.value.said}"


def test_ids_of_models_that_are_known_are_not_blotted_out(server: ModelsServer, connect: Connect) -> None:
    text = f"model claude-haiku-4-5-20251001 is not claude-opus-4-5-20251101, says {ORGANIZATION}."
    server.always = play.error(404, message=text)
    client = connect(known=lambda ids: {"claude-opus-4-5-20251101"} & {*ids})
    with pytest.raises(AnswerError) as caught:
        client.model("claude-haiku-4-5-20251001")
    assert caught.value.said == "model claude-haiku-4-5-20251001 is not claude-opus-4-5-20251101, says ***"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b'{"error": "no"}', b'{"error": {"type": 5, "details": []}}', b"\xff", b"[" * 9_000),
        b'{"error": {"type": "x\\u001b[31m", "details": {"error_code": 7}}}',
    ],
)
def test_an_error_body_of_any_shape_is_survived(server: ModelsServer, connect: Connect, body: bytes) -> None:
    server.script(play.answer(body, 400))
    with pytest.raises(ListingError, match=r"HTTP 400 \(request req_000001\)$"):
        connect().page()


def test_html_with_a_200_is_no_page(server: ModelsServer, connect: Connect) -> None:
    server.script(play.html())
    with pytest.raises(AnswerError, match="HTML"):
        connect().page()


# Bounds


DRIPS: dict[str, Step] = {"headers": play.slow_headers(), "body": play.slow_body(), "silence": play.silence()}


@pytest.mark.parametrize("step", DRIPS.values(), ids=DRIPS.keys())
def test_one_try_is_bounded_in_all_whatever_drips(server: ModelsServer, connect: Connect, step: Step) -> None:
    server.models = [model("a")]
    server.script(step)
    began = time.monotonic()
    assert ids(connect(timeout=0.3)) == ["a"]
    assert time.monotonic() - began < 10
    assert nobody_hangs()


def test_a_late_answer_is_told_with_the_time_it_had(server: ModelsServer, connect: Connect) -> None:
    server.script(play.slow_body())
    with pytest.raises(ListingError, match=r"no whole answer came within 0\.2 s"):
        connect(timeout=0.2, max_tries=1).page()


def test_the_deadline_cuts_a_try_short(server: ModelsServer, connect: Connect, pace: Pace) -> None:
    server.script(play.silence())
    with pytest.raises(DeadlineError, match="no time is left after 1 try"):
        connect().begin(limit=1, deadline=pace.monotonic() + 0.2).answer()


def test_nothing_is_asked_after_the_deadline(server: ModelsServer, connect: Connect, pace: Pace) -> None:
    with pytest.raises(DeadlineError, match="the time is up"):
        connect().begin(limit=1, deadline=pace.monotonic()).answer()
    assert server.requests == []


def test_what_is_wanted_no_more_frees_its_thread_and_delays_nothing_that_follows(
    server: ModelsServer, connect: Connect
) -> None:
    server.script(play.silence())
    client = connect()
    fetch = client.begin(limit=1)
    while not server.requests:
        time.sleep(0.01)
    began = time.monotonic()
    fetch.cancel()
    assert client.begin(limit=1).answer().body
    assert time.monotonic() - began < 10
    assert nobody_hangs()


def test_a_compressed_answer_is_unpacked(server: ModelsServer, connect: Connect) -> None:
    server.script(play.zipped(play.page([model("a")])))
    assert ids(connect()) == ["a"]


@pytest.mark.parametrize("step", [play.gzip_bomb(64), play.answer(b" " * 2_000_000)], ids=["bomb", "plain"])
def test_an_answer_that_is_too_large_costs_little_memory(server: ModelsServer, connect: Connect, step: Step) -> None:
    server.script(step)
    client = connect(max_page_bytes=1_000_000)
    gc.collect()
    tracemalloc.start()
    with pytest.raises(ListingError, match="larger than 1,000,000 bytes") as caught:
        client.page()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000
    assert ("max_page_bytes" in caught.value.hint, len(server.requests)) == (True, 1)


def test_an_endless_error_body_is_not_read(server: ModelsServer, connect: Connect) -> None:
    server.script(play.answer(b"x" * 5_000_000, 500))
    connect().page()
    assert len(server.requests) == 2


# The way there


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """A port that refuses connections, and that no other test gets meanwhile: bound, and not listened at."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield int(unused.getsockname()[1])


def test_a_refused_connection_is_tried_again_and_then_told(connect: Connect, pace: Pace, refusing_port: int) -> None:
    with pytest.raises(ListingError, match="the connection was refused; given up after 6 tries"):
        connect(base_url=f"http://127.0.0.1:{refusing_port}").page()
    assert len(pace.slept) == 5


def test_an_unknown_host_is_told(connect: Connect) -> None:
    with pytest.raises(ListingError, match="host's name cannot be resolved"):
        connect(base_url="http://catalog.invalid", max_tries=1).page()


@pytest.mark.parametrize("host", ["a..b", "a" * 70, "*.example.org"])
def test_a_host_that_cannot_be_one_is_not_tried_twice(connect: Connect, pace: Pace, host: str) -> None:
    with pytest.raises(ListingError):
        connect(base_url=f"http://{host}").page()
    assert pace.slept == []


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[ModelsServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    running = ModelsServer(tls=context).start()
    yield running
    running.close()


def test_an_unknown_certificate_fails_at_once_and_sends_no_key(
    secure: ModelsServer, connect: Connect, pace: Pace
) -> None:
    with pytest.raises(ListingError, match="certificate cannot be verified") as caught:
        connect(base_url=secure.url).page()
    assert ("REQUESTS_CA_BUNDLE" in caught.value.hint, secure.requests, pace.slept) == (True, [], [])


def test_the_environment_may_name_more_authorities(
    secure: ModelsServer, connect: Connect, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    secure.script(play.slow_headers())
    assert ids(connect(base_url=secure.url, timeout=0.5)) == []
    assert nobody_hangs()


def test_a_missing_file_of_authorities_is_told(
    secure: ModelsServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ListingError, match="CA certificates cannot be read"):
        connect(base_url=secure.url).page()


def test_https_spoken_to_a_plain_server_is_told(server: ModelsServer, connect: Connect) -> None:
    with pytest.raises(ListingError, match="the TLS connection failed"):
        connect(base_url=server.url.replace("http:", "https:"), max_tries=1).page()


# Answers in between, and encodings

INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n"


@pytest.mark.parametrize(
    "before",
    [
        INTERIM,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\ncontent-length: 5\r\n\r\n",
        b"HTTP/1.1 199 Whatever\r\ntransfer-encoding: chunked\r\n\r\n",
        INTERIM * 3 + b"HTTP/1.1 100 Continue\r\n\r\n" + INTERIM,
    ],
)
def test_what_a_server_says_in_between_is_not_taken_for_the_answer(
    server: ModelsServer, connect: Connect, before: bytes
) -> None:
    server.models = [model("a")]

    def step(visit: play.Visit) -> None:
        visit.write(before)
        play.honest(visit)

    server.always = step
    client = connect()
    assert [ids(client), ids(client)] == [["a"], ["a"]]


def test_answers_in_between_without_end_are_bounded_in_time(server: ModelsServer, connect: Connect) -> None:
    server.always = lambda visit: visit.drip(INTERIM * 10_000, every=0.0001)
    with pytest.raises(ListingError, match="no whole answer came within"):
        connect(timeout=0.3, max_tries=1).page()
    assert nobody_hangs()


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("zstd", "zstd (Zstandard)"),
        ("BR", "br (Brotli)"),
        ("gzip, br", "br (Brotli)"),
        ("compress", "compress"),
        (KEY, "an unregistered encoding"),
    ],
)
def test_an_encoding_that_was_not_asked_for_is_told_by_its_name(
    server: ModelsServer, connect: Connect, encoding: str, name: str
) -> None:
    server.always = play.answer(b"\x28\xb5\x2f\xfd", headers={"content-encoding": encoding})
    with pytest.raises(ListingError, match=re.escape(f"the answer is encoded as {name}, which was not")) as raised:
        connect().page()
    assert "accept-encoding" in raised.value.hint
    assert KEY not in str(raised.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "bytes_on_the_wire", [b"hello\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc Bad\r\n\r\n"]
)
def test_what_speaks_no_http_is_no_lost_connection(
    server: ModelsServer, connect: Connect, bytes_on_the_wire: bytes
) -> None:
    def answer(visit: play.Visit) -> None:
        visit.write(bytes_on_the_wire)
        play.hang_up(visit)

    server.always = answer
    with pytest.raises(ListingError, match="what answers there does not speak HTTP") as caught:
        connect().page()
    assert "http:// or https://" in caught.value.hint


def test_a_refusal_in_another_encoding_is_a_refusal_all_the_same(server: ModelsServer, connect: Connect) -> None:
    server.always = play.answer(b"\x28\xb5\x2f\xfd", 401, {"content-encoding": "zstd"})
    with pytest.raises(KeyRefusedError, match="HTTP 401"):
        connect().page()


# The key

ECHO = {"request-id": KEY, "location": f"http://other.invalid/{KEY}", "retry-after": KEY}
ECHOES: dict[str, Step] = {
    "in an error": play.answer(play.problem(KEY, KEY, error_code=KEY), 401, ECHO),
    "in a redirect": play.answer(KEY.encode(), 302, ECHO),
    "in a page": play.answer(KEY.encode()),
    "in an error with 200": play.answer(play.problem(KEY, KEY)),
    "nowhere": play.reset,
}


@pytest.mark.parametrize("step", ECHOES.values(), ids=ECHOES.keys())
@pytest.mark.parametrize("auth", ["x-api-key", "bearer"])
def test_the_key_is_in_no_error_even_when_the_server_echoes_it(
    server: ModelsServer, connect: Connect, step: Step, auth: str
) -> None:
    server.organization = KEY
    server.always = step
    with pytest.raises(ListingError) as caught:
        connect(auth=auth).page()
    told = "".join(traceback.format_exception(caught.value)) + caught.value.hint + repr(caught.value)
    assert KEY not in told


ACCOUNT = "org_01AbCdEfGhIjKlMnOpQrStUv"
LIKE_A_SECRET = {
    "the key in hexadecimal": KEY.encode().hex(),
    "the key in base64": base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
    "the key backwards": KEY[::-1],
    "the key in capitals": KEY.upper(),
    "the end of the key": KEY[-10:],
    "an account": ACCOUNT,
    "a UUID": "4f6d2c1e-9a8b-4c3d-8e7f-0123456789ab",
}


@pytest.mark.parametrize("secret", LIKE_A_SECRET.values(), ids=LIKE_A_SECRET.keys())
@pytest.mark.parametrize("status", [400, 401, 404, 422, 500])
def test_the_type_of_an_error_is_named_only_where_it_is_like_no_secret(
    server: ModelsServer, connect: Connect, secret: str, status: int
) -> None:
    """It goes into rows, alerts and logs, unlike the text of the error."""
    server.always = play.answer(play.problem(secret, "no"), status)
    with pytest.raises(ListingError) as caught:
        connect().page()
    assert secret not in f"{caught.value} {caught.value.hint}"
    assert f"HTTP {status}" in str(caught.value)


def test_a_request_id_is_named_unless_it_spells_the_key(server: ModelsServer, connect: Connect) -> None:
    for request, named in [("req_011CSHoEeqs5C35K2UUqR7Fy", True), (f"req_{KEY.encode().hex()}", False)]:
        server.always = play.answer(play.problem("not_found_error", "no"), 404, {"request-id": request})
        with pytest.raises(ListingError, match="not_found_error") as caught:
            connect().page()
        assert (request in str(caught.value)) is named


def test_the_key_never_passes_for_an_identity(server: ModelsServer, connect: Connect) -> None:
    server.organization = f"org-{KEY}"
    assert connect().begin(limit=1).answer().identity == Identity()


def test_a_placeholder_for_a_key_hides_no_identity(server: ModelsServer, connect: Connect) -> None:
    server.organization, server.key = "org-none", "none"
    assert connect(key="none").begin(limit=1).answer().identity == Identity(organization="org-none")


def test_the_key_is_in_no_repr(connect: Connect, server: ModelsServer) -> None:
    assert repr(connect()) == f"ModelsClient(base_url='{server.url}')"
    assert KEY not in repr(connect().begin(limit=1))


def test_a_client_needs_no_more_than_an_address_and_a_key(server: ModelsServer) -> None:
    server.script(play.error(529, headers={"retry-after-ms": "1"}))
    with ModelsClient(base_url=server.url, key=KEY) as client:
        assert ids(client) == []


@pytest.mark.parametrize("paging", [True, False])
def test_a_last_page_that_says_that_more_follows_is_refused(
    server: ModelsServer, connect: Connect, paging: bool
) -> None:
    server.models = [model("a"), model("b")]
    server.reshape = lambda envelope: envelope | {"next": "/2"}
    with pytest.raises(AnswerError, match=r"more follows .`next`") as caught:
        connect(paging=paging).page()
    assert ("raise `page_size`" if paging else 'set paging = "url"') in caught.value.hint
    assert connect().page(before_id="b").models
    assert connect().page(limit=1).has_more


def test_a_page_of_a_source_without_paging_that_has_more_is_refused(server: ModelsServer, connect: Connect) -> None:
    server.models = [model("a"), model("b")]
    with pytest.raises(AnswerError, match=r"more follows .`has_more`"):
        connect(paging=False).page(limit=1)
