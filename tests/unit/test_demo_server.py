"""The loopback Models API pages, refuses and names its errors as the real one does."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from catalog.demo.server import ModelsApi

PAGE = Path(__file__).parents[2] / "docs" / "start" / "demo.md"
HEADERS = {"x-api-key": "demo-key", "anthropic-version": "2023-06-01"}


def models(count: int) -> list[dict[str, Any]]:
    return [{"type": "model", "id": f"m-{number:04d}", "display_name": "Möbius"} for number in range(count)]


class Caller:
    """Asks over one kept-alive connection."""

    def __init__(self, api: ModelsApi, base_url: str) -> None:
        self.api = api
        self.connection = HTTPConnection(base_url.removeprefix("http://"), timeout=30)
        self.headers: dict[str, str] = {}

    def get(self, target: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        self.connection.request("GET", target, headers=HEADERS if headers is None else headers)
        answer = self.connection.getresponse()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        self.body = answer.read()
        return answer.status, json.loads(self.body)

    def ids(self, query: str) -> tuple[list[str], bool]:
        status, page = self.get(f"/v1/models{query}")
        assert status == 200, page
        return [item["id"] for item in page["data"]], page["has_more"]


@pytest.fixture
def caller() -> Iterator[Caller]:
    api = ModelsApi(models(45))
    with api.serve() as base_url:
        asking = Caller(api, base_url)
        with closing(asking.connection):
            yield asking


def test_a_page_holds_twenty_models_unless_told_otherwise(caller: Caller) -> None:
    status, page = caller.get("/v1/models")
    assert (status, len(page["data"]), page["has_more"]) == (200, 20, True)
    assert (page["first_id"], page["last_id"]) == ("m-0000", "m-0019")
    assert list(page) == ["data", "has_more", "first_id", "last_id"]


def test_after_id_goes_on_below_the_cursor_until_the_end(caller: Caller) -> None:
    assert caller.ids("?after_id=m-0039&limit=3") == (["m-0040", "m-0041", "m-0042"], True)
    assert caller.ids("?after_id=m-0042&limit=2") == (["m-0043", "m-0044"], False)
    assert caller.ids("?after_id=m-0044") == ([], False)


def test_before_id_ends_right_above_the_cursor_and_keeps_the_order(caller: Caller) -> None:
    assert caller.ids("?before_id=m-0005&limit=3") == (["m-0002", "m-0003", "m-0004"], True)
    assert caller.ids("?before_id=m-0003&limit=3") == (["m-0000", "m-0001", "m-0002"], False)
    assert caller.ids("?before_id=m-0000") == ([], False)


@pytest.mark.parametrize("limit", [1, 7, 45, 1000])
def test_following_the_cursor_lists_every_model_once(caller: Caller, limit: int) -> None:
    seen, more, query = list[str](), True, f"?limit={limit}"
    while more:
        ids, more = caller.ids(query)
        seen += ids
        query = f"?limit={limit}&after_id={ids[-1]}"
    assert seen == [item["id"] for item in caller.api.items]


def test_an_empty_list_has_no_first_and_no_last(caller: Caller) -> None:
    caller.api.items = []
    assert caller.get("/v1/models") == (200, {"data": [], "has_more": False, "first_id": None, "last_id": None})


def test_items_can_be_replaced_between_two_requests(caller: Caller) -> None:
    caller.ids("")
    caller.api.items = models(1)
    assert caller.ids("") == (["m-0000"], False)


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "", "1.5", "+5", "1e2", "9" * 5000, "%D9%A3"])
def test_a_limit_out_of_range_or_no_number_is_a_400(caller: Caller, limit: str) -> None:
    status, answer = caller.get(f"/v1/models?limit={limit}")
    assert (status, answer["type"], answer["error"]["type"]) == (400, "error", "invalid_request_error")
    assert answer["error"]["message"].startswith("limit: ")


@pytest.mark.parametrize("query", ["after_id=gone", "before_id=gone", "after_id=", "after_id=m-0001&before_id=m-0009"])
def test_a_cursor_that_points_nowhere_is_a_400_that_names_it(caller: Caller, query: str) -> None:
    status, answer = caller.get(f"/v1/models?{query}")
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert query.partition("=")[0] in answer["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"anthropic-version": "2023-06-01"}, 401, "authentication_error"),
        ({"x-api-key": "", "anthropic-version": "2023-06-01"}, 401, "authentication_error"),
        ({"x-api-key": "poison", "anthropic-version": "2023-06-01"}, 401, "authentication_error"),
        ({"authorization": "Bearer poison", "anthropic-version": "2023-06-01"}, 401, "authentication_error"),
        ({"x-api-key": "demo-key"}, 400, "invalid_request_error"),
    ],
)
def test_without_a_good_key_or_a_version_nothing_is_listed(
    caller: Caller, headers: dict[str, str], status: int, kind: str
) -> None:
    for target in ("/v1/models", "/v1/models/m-0001"):
        answered, answer = caller.get(target, headers)
        assert (answered, answer["error"]["type"]) == (status, kind)
        assert "poison" not in caller.body.decode()


def test_a_bearer_token_is_as_good_as_a_key(caller: Caller) -> None:
    headers = {"authorization": "Bearer demo-key", "anthropic-version": "2026-10-21"}
    assert caller.get("/v1/models/m-0001", headers)[0] == 200


def test_one_model_is_found_by_its_encoded_id(caller: Caller) -> None:
    caller.api.items = [{"id": "org/model 1"}]
    assert caller.get("/v1/models/org%2Fmodel%201") == (200, {"id": "org/model 1"})


def test_an_unknown_id_is_a_404_that_names_it(caller: Caller) -> None:
    status, answer = caller.get("/v1/models/claude-sonet-4-5")
    request_id = caller.headers["request-id"]
    error = {"type": "not_found_error", "message": "model: claude-sonet-4-5"}
    assert (status, answer) == (404, {"type": "error", "error": error, "request_id": request_id})


def test_another_path_is_a_404(caller: Caller) -> None:
    assert [caller.get(path)[0] for path in ("/", "/v1/messages", "/v1/modelsx", "/v2/models")] == [404] * 4


def test_answers_are_compact_and_name_the_request_and_the_organization(caller: Caller) -> None:
    caller.get("/v1/models/m-0001")
    first = caller.headers
    assert caller.body.decode() == '{"type":"model","id":"m-0001","display_name":"Möbius"}'
    assert first["content-type"] == "application/json"
    assert first["anthropic-organization-id"]
    assert "x-should-retry" not in first
    caller.get("/v1/models/none")
    assert caller.headers["x-should-retry"] == "false"
    assert caller.headers["request-id"] not in {first["request-id"], ""}


def test_one_connection_serves_many_requests(caller: Caller) -> None:
    caller.ids("")
    socket = caller.connection.sock
    caller.get("/v1/models?limit=0")
    caller.ids("")
    assert caller.connection.sock is socket


def test_nobody_listens_any_more_when_the_block_has_ended() -> None:
    with ModelsApi(models(1)).serve() as base_url:
        pass
    with closing(HTTPConnection(base_url.removeprefix("http://"), timeout=30)) as late, pytest.raises(ConnectionError):
        late.request("GET", "/v1/models")


def test_a_caller_that_hangs_up_leaves_no_traceback(caller: Caller, capfd: pytest.CaptureFixture[str]) -> None:
    caller.connection.request("GET", "/v1/models", headers=HEADERS)
    caller.connection.close()
    assert len(caller.ids("")[0]) == 20
    assert capfd.readouterr().err == ""


def test_the_example_of_the_manual_runs(capsys: pytest.CaptureFixture[str]) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example is not None
    exec(compile(example[1], PAGE, "exec"), {})
    assert capsys.readouterr().out == "['mine']\n"
