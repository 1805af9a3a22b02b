"""What an address asks for is understood whole, or refused with every fault and its cure."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain import Place
from catalog.events import AlertEvent
from catalog.settings import AlertSettings
from catalog.web import asked
from catalog.web.asked import Length, Moment, QuestionError, Surroundings

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
AROUND = Surroundings(now=NOW, sources=("anthropic", "open-router"))
DAY = timedelta(days=1)
END = datetime(2026, 11, 1, 23, 59, 59, 999999, tzinfo=UTC)

# A query, and what it differs in from the question without one.
UNDERSTOOD: dict[tuple[str, str], dict[str, Any]] = {
    ("index", ""): {},
    ("models", ""): {},
    ("models", "q=&source=&state=&limit=&as_of=+&sort="): {},  # as a form sends it
    ("models", "q=Opus 4&q="): {"q": "Opus 4"},
    ("models", "source=anthropic&match=claude-*&state=all"): {
        "source": "anthropic",
        "match": "claude-*",
        "state": "all",
    },
    ("models", "lifecycle=retired,active&lifecycle=active&line=opus"): {
        "lifecycle": ("active", "retired"),
        "line": ("opus",),
    },
    ("models", "as_of=7d"): {"as_of": Moment("7d", NOW - 7 * DAY)},
    ("models", "as_of=2026-11-01"): {"as_of": Moment("2026-11-01", END)},
    ("models", "as_of=2026-10"): {"as_of": Moment("2026-10", END - DAY)},
    ("models", "as_of=today"): {"as_of": Moment("today", NOW)},
    ("models", "as_of=2026-11-01T09:30%2B02:00"): {
        "as_of": Moment("2026-11-01T09:30+02:00", datetime(2026, 11, 1, 7, 30, tzinfo=UTC))
    },
    ("changes", "since=2026-11-01&until=2026-11-01"): {
        "since": Moment("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        "until": Moment("2026-11-01", END),
    },
    ("timeline", "from=2026-10&to=2026-11-01"): {
        "start": Moment("2026-10", datetime(2026, 10, 1, tzinfo=UTC)),
        "end": Moment("2026-11-01", END),
    },
    ("diff", "from=2026-10&to=2026-11-01"): {
        "start": Moment("2026-10", END - DAY),
        "end": Moment("2026-11-01", END),
    },
    ("models", "as_of=2026-11-22T10:30:00%2B01:00&sort=created_at"): {
        "as_of": Moment("2026-11-22T10:30:00+01:00", NOW),
        "sort": "created_at",
    },
    ("models", "sort=-retires_at&limit=1000"): {"sort": "-retires_at", "limit": 1000},
    ("models", "after=open-router:a/b:free"): {"after": Place("open-router", "a/b:free")},
    ("models", "before=gone:x"): {"before": Place("gone", "x")},
    ("model", "days=0&alarm=30d&alarm=1w"): {"days": 0, "alarm": (Length("1w", 7 * DAY), Length("30d", 30 * DAY))},
    ("watch", "id=b,c&id=anthropic:a&id=nowhere:a&id=b,c"): {"id": (("anthropic", "a"), "b,c", "nowhere:a")},
    ("retirements", "days=90&watched=1&lines=opus,sonnet"): {"days": 90, "watched": True, "lines": ("opus", "sonnet")},
    ("timeline", "from=30d&to=2026-11-20&limit=200&watched=0"): {
        "start": Moment("30d", NOW - 30 * DAY),
        "end": Moment("2026-11-20", datetime(2026, 11, 20, 23, 59, 59, 999999, tzinfo=UTC)),
        "limit": 200,
    },
    ("changes", f"lines={'a' * 512},{'b' * 512}"): {"lines": ("a" * 512, "b" * 512)},
    ("changes", "events=removed,added&events=changed:caps.*"): {"events": ("added", "changed:caps.*", "removed")},
    ("changes", "events=retiring,returned,removed,added,lowered,changed:retires_at,changed:lifecycle"): {},
    ("changes", "models=a*,anthropic:b*&sources=anthropic&lifecycles=active&id=x&baseline=1&before=17"): {
        "models": ("a*", ("anthropic", "b*")),
        "sources": ("anthropic",),
        "lifecycles": ("active",),
        "id": ("x",),
        "baseline": True,
        "before": 17,
    },
    ("changes", "kind=changed&field=capabilities.*"): {"kind": "changed", "field": "capabilities.*"},
    ("diff", "from=7d&match=a&after=anthropic:b"): {
        "start": Moment("7d", NOW - 7 * DAY),
        "match": "a",
        "after": Place("anthropic", "b"),
    },
    ("runs", "source=open-router&status=failed&before=9&limit=20"): {
        "source": "open-router",
        "status": "failed",
        "before": 9,
        "limit": 20,
    },
    ("status", ""): {},
}
# A query, and words of each of its faults: what is wrong, and what to write.
REFUSED: dict[tuple[str, str], list[tuple[str, ...]]] = {
    ("status", "x=1"): [('"x"', "has none")],
    ("models", "kind=added"): [('"kind"', "source, q", "before or limit")],
    ("models", "sorce=anthropic"): [('"sorce"', "did you mean source?")],
    ("models", "sorce="): [('"sorce"', "did you mean source?")],
    ("models", "Limit=5"): [('"Limit"', "did you mean limit?")],
    ("models", "%00=%1b[31m"): [('"\\x00"', "write source")],
    ("runs", "before=2147483647"): [("before", "1 to 2147483646")],
    ("changes", "before=999999999999999"): [("before", "1 to 2147483646")],
    ("changes", f"id={'&id='.join(f'm{number}' for number in range(501))}"): [("id", "501", "at most 500")],
    ("timeline", f"id={'&id='.join(f'm{number}' for number in range(501))}"): [("id", "501", "at most 500")],
    ("changes", f"models={','.join(f'm{number}*' for number in range(501))}"): [("models", "501", "at most 500")],
    ("changes", f"lines=a,{'b' * 513}"): [("lines", "512")],
    ("models", "limit=0"): [("limit", '"0"', "1 to 1000")],
    ("models", "limit=1001"): [("limit", '"1001"', "1 to 1000")],
    ("models", "limit=-1"): [("limit", "1 to 1000")],
    ("models", "limit=1e2"): [("limit", "1 to 1000")],
    ("models", "limit=١"): [("limit", "1 to 1000")],
    ("models", f"limit={'9' * 400}"): [("limit", "…", "1 to 1000")],
    ("models", "limit=5&limit=6"): [("limit", "more than once", "once")],
    ("models", "source=other"): [("source", '"other"', "anthropic or open-router")],
    ("models", "state=gone"): [("state", '"gone"', "listed, missing, removed or all")],
    ("models", "sort=-id"): [("sort", '"-id"', "id, created_at")],
    ("models", "as_of=tomorrow"): [("as_of", "tomorrow", "7d")],
    ("models", "as_of=2026-02-30"): [("as_of", "2026-02-30", "2026-11-22")],
    ("models", "as_of=2026-11-22T10:00+02:00"): [("as_of", "2026-11-22T09:30:00Z")],
    ("models", "after=x"): [("after", '"x"', "SOURCE:ID")],
    ("models", "after=:x"): [("after", "SOURCE:ID")],
    ("models", "after=x:"): [("after", "SOURCE:ID")],
    ("models", "after=a:b&before=a:c"): [("after and before", "leave one")],
    ("models", "as_of=7d&state=removed"): [("state and as_of", "leave one")],
    ("models", "as_of=7d&sort=-first_seen_at"): [("sort", "created_at or retires_at")],
    ("models", f"q={'a' * 513}"): [("q", "512")],
    ("models", "q=a%00b"): [("q", "zero byte")],
    ("models", "line=opus&line=%00"): [("line", "zero byte")],
    ("models", "limit=0&sort=x&as_of=x&sorce=x&source=x"): [
        ('"sorce"',),
        ("source",),
        ("as_of",),
        ("sort",),
        ("limit",),
    ],
    ("model", "days=3651"): [("days", "0 to 3650")],
    ("model", "alarm=soon"): [("alarm", "soon", "7d")],
    ("watch", "id=a&days=x"): [("days", '"x"')],
    ("retirements", "watched=yes"): [("watched", '"yes"', "1 or 0")],
    ("timeline", "limit=201"): [("limit", "1 to 200")],
    ("timeline", "from=7d&to=8d"): [("from must be earlier than to",)],
    ("diff", "from=2026-11-01&to=2026-11-01"): [("from must be earlier than to",)],
    ("changes", "events=held"): [("events", '"held"', "retiring")],
    ("changes", "events=added,sync_failed"): [("events", '"sync_failed"')],
    ("changes", "events=changed:"): [("events", '"changed:"', "changed:FIELD")],
    ("changes", "kind=new"): [("kind", '"new"', "added")],
    ("changes", "kind=added&field=lifecycle"): [("field and kind", "leave kind out")],
    ("changes", "kind=added&events=added"): [("events", "leave events out")],
    ("changes", "since=1d&until=2d"): [("since must be earlier than until",)],
    ("changes", "before=abc"): [("before", '"abc"')],
    ("runs", "status=done"): [("status", '"done"', "complete")],
}


def read(route: str, query: str) -> Any:
    return asked.read(route, parse_qsl(query, keep_blank_values=True), AROUND)


@pytest.mark.parametrize(("route", "query"), UNDERSTOOD)
def test_a_query_is_understood_and_can_be_written_again(route: str, query: str) -> None:
    question = read(route, query)
    assert question == asked.ROUTES[route](**UNDERSTOOD[route, query])
    written = asked.write(question)
    assert read(route, written.removeprefix("?")) == question
    assert (written == "") == (question == asked.ROUTES[route]())


@pytest.mark.parametrize(("route", "query"), REFUSED)
def test_a_query_is_refused_with_every_fault_and_its_cure(route: str, query: str) -> None:
    with pytest.raises(QuestionError) as refused:
        read(route, query)
    faults, expected = refused.value.faults, REFUSED[route, query]
    assert len(faults) == len(expected), faults
    for fault, words in zip(faults, expected, strict=True):
        assert all(word in fault for word in words), fault
        assert fault.isprintable()
        assert len(fault) < 1000


@pytest.mark.parametrize(
    ("query", "changed", "written"),
    [
        ("", {}, ""),
        ("source=anthropic&q=a b%26", {}, "?source=anthropic&q=a%20b%26"),
        ("limit=5&q=x&source=anthropic", {}, "?source=anthropic&q=x&limit=5"),
        ("limit=100&state=listed", {}, ""),
        ("as_of=7d", {"after": Place("anthropic", "a/b:1")}, "?as_of=7d&after=anthropic:a%2Fb:1"),
        ("after=anthropic:a", {"after": None, "before": Place("anthropic", "b")}, "?before=anthropic:b"),
        ("match=[a]*?", {}, "?match=%5Ba%5D*%3F"),
    ],
)
def test_a_link_says_only_what_is_no_default_in_one_order(query: str, changed: dict[str, Any], written: str) -> None:
    assert asked.write(read("models", query), **changed) == written


@pytest.mark.parametrize(
    ("query", "events", "fields", "watched"),
    [
        ("", {"added", "lowered", "removed", "retiring", "returned"}, ("lifecycle", "retires_at"), None),
        ("events=changed,overdue", {"changed", "overdue"}, (), None),
        ("kind=changed", {"changed"}, (), None),
        ("kind=changed&field=l*", set(), ("l*",), None),
        ("field=l*", set(), ("l*",), None),
        ("watched=1", {"added", "lowered", "removed", "retiring", "returned"}, ("lifecycle", "retires_at"), {"mine"}),
        (
            "id=a&id=anthropic:b",
            {"added", "lowered", "removed", "retiring", "returned"},
            ("lifecycle", "retires_at"),
            {"a", ("anthropic", "b")},
        ),
        ("id=a&watched=1&kind=added", {"added"}, (), {"a", "mine"}),
    ],
)
def test_words_of_a_channel_make_its_filter(
    query: str, events: set[str], fields: tuple[str, ...], watched: Any
) -> None:
    rule = read("changes", query).rule(["mine"])
    assert set(rule.events) == {AlertEvent(name) for name in events}
    assert rule.changed_fields == fields
    assert rule.watched == watched


def test_pages_tell_of_models_what_a_channel_tells_of_them() -> None:
    assert {*asked.EVENTS} == {*AlertSettings(name="team").events} - {AlertEvent.HELD, AlertEvent.SYNC_FAILED}


def test_every_parameter_is_named_and_explained() -> None:
    for route, parameters in asked.PARAMETERS.items():
        found = [parameter.name for parameter in parameters]
        assert len(found) == len(set(found)), route
        assert all(parameter.words.endswith(".") for parameter in parameters)
    assert [one.name for one in asked.PARAMETERS["diff"]][:2] == ["from", "to"]


@given(
    st.sampled_from(sorted(asked.ROUTES)),
    st.lists(st.tuples(st.text(max_size=9) | st.sampled_from(["limit", "q", "from", "events"]), st.text(max_size=40))),
)
def test_any_query_is_understood_or_refused(route: str, pairs: list[tuple[str, str]]) -> None:
    try:
        question = asked.read(route, pairs, AROUND)
    except QuestionError:
        return
    again = parse_qsl(asked.write(question).removeprefix("?"), keep_blank_values=True)
    assert asked.read(route, again, AROUND) == question
