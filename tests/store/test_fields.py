"""What counts as a change of a model, what does not, and what is kept of it."""

import json
from typing import Any

import pytest

from catalog.domain import Status
from tests import server as play
from tests.store.world import NAMELESS, World

pytestmark = pytest.mark.promise("P2", "P5")

EPOCHS = ("1970-01-01T00:00:00Z", "1969-12-31T16:00:00-08:00", "0001-01-01T00:00:00Z")


def became(world: World, **fields: Any) -> list[tuple[str | None, ...]]:
    """Sync with these members of the one model replaced; give what was recorded, without kind and id."""
    world.server.models = [play.model("a") | fields]
    world.sync()
    return [said[2:] for said in world.said]


@pytest.fixture(autouse=True)
def one_model(world: World) -> None:
    world.lists("a")
    world.sync()


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"display_name": "Ä 😀"}, [("display_name", '"A"', '"Ä 😀"')]),
        ({"display_name": None}, [("display_name", '"A"', None)]),
        ({"max_tokens": 2**62}, [("max_tokens", "64000", str(2**62))]),
        ({"line": "opus"}, [("line", None, '"opus"')]),
        ({"retires_at": "2027-01-01T00:00:00+01:00"}, [("retires_at", None, '"2026-12-31T23:00:00Z"')]),
        ({"created_at": "2026-02-20T00:00:00Z"}, [("created_at", '"2026-02-19T00:00:00Z"', '"2026-02-20T00:00:00Z"')]),
        ({"new": {"deep.er": [1, {"b": 2}]}}, [('new."deep.er"', None, '[1,{"b":2}]')]),
        ({"new": None}, [("new", None, "null")]),
        ({"new": {}}, [("new", None, "{}")]),
        (
            {"capabilities": {"batch": {"supported": False}}},
            [
                ("capabilities.batch.supported", "true", "false"),
                ("capabilities.thinking.supported", "true", None),
                ("capabilities.thinking.types.enabled.supported", "true", None),
            ],
        ),
    ],
)
def test_a_change_names_its_field_and_both_values(
    world: World, fields: dict[str, Any], changes: list[tuple[str | None, ...]]
) -> None:
    assert became(world, **fields) == changes
    assert became(world) == [(path, new, old) for path, old, new in changes]
    assert world.rows("model_history", "valid_from", "valid_to") == [(11, 22), (22, 33), (33, None)]


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": "2026-02-19T00:00:00.000+00:00"},
        {"created_at": "2026-02-19T02:00:00+02:00"},
        {"created_at": "2026-02-19"},
        {"created_at": "2026-02-19 00:00:00Z"},
        {"max_tokens": 64_000.0},
        {"max_tokens": "64000"},
        {"max_tokens": "64000.00"},
        *({"created_at": epoch} for epoch in EPOCHS),
        {"created_at": None},
        {"max_tokens": 0},
    ],
)
def test_another_spelling_and_a_shrug_are_no_change(world: World, fields: dict[str, Any]) -> None:
    assert became(world, **fields) == []
    assert world.rows("models", "id", "created_at", "max_tokens")[0][1:] == (49 * 1440, 64_000)


def test_the_order_of_keys_and_the_spelling_of_numbers_are_no_change(world: World) -> None:
    odd = {"z": 1.5, "y": {"n": 1e22, "m": [0.1, 1e-7, -0.0]}, "x": "é", "w": 123456789012345678901234567890}
    assert became(world, **odd)
    text = json.dumps(play.page([dict(reversed(list((play.model("a") | odd).items())))]))
    text = text.replace("1.5", "15e-1").replace("1e+22", "10000000000000000000000").replace("-0.0", "0")
    assert "15e-1" in text
    world.server.script(play.answer(text.replace("\\u00e9", "é").encode()))
    assert world.sync().run.changed == 0


def test_an_unknown_date_never_wipes_a_known_one_and_keeps_its_spelling(world: World) -> None:
    assert became(world, created_at=EPOCHS[0], display_name="Other") == [("display_name", '"A"', '"Other"')]
    ((_, attributes, created_at),) = world.rows("models", "id", "attributes", "created_at")
    assert (attributes["created_at"], created_at) == ("2026-02-19T00:00:00Z", 49 * 1440)


@pytest.mark.parametrize("epoch", EPOCHS)
def test_an_unknown_date_is_null_and_becoming_known_is_a_change(world: World, epoch: str) -> None:
    world.server.models = [play.model("b", created_at=epoch)]
    world.sync(name="two")
    row = [row for row in world.rows("models", "id", "created_at", "attributes") if row[0] == "b"]
    assert [(created_at, attributes["created_at"]) for _, created_at, attributes in row] == [(None, epoch)]
    world.lists("b")
    world.sync(name="two")
    assert world.said == [("changed", "b", "created_at", None, '"2026-02-19T00:00:00Z"')]


def test_a_field_missing_from_the_answer_changes_to_null_only_if_it_was_there(world: World) -> None:
    assert became(world, new=1, line="opus") == [("line", None, '"opus"'), ("new", None, "1")]
    bare = {"id": "a", "type": "model"}
    world.server.models = [bare]
    world.sync()
    paths = {said[2] for said in world.said}
    assert {"display_name", "lifecycle", "line", "new", "max_tokens"} <= paths
    assert not {"retires_at", "deprecated_at", "created_at"} & paths
    assert {said[4] for said in world.said} == {None}


@pytest.mark.parametrize(
    "fields",
    [
        {"display_name": 5},
        {"created_at": "soon"},
        {"retires_at": 20250219},
        {"max_tokens": "many"},
        {"max_tokens": 2**70},
        {"line": 5},
    ],
)
def test_a_field_that_cannot_be_read_keeps_its_last_good_value_and_what_was_received(
    world: World, fields: dict[str, Any]
) -> None:
    ((name, received),) = fields.items()
    before = world.rows("models", "id", name)
    (said,) = became(world, **fields)
    assert (said[0], said[2]) == (name, json.dumps(received))
    assert world.rows("models", "id", name) == before
    ((_, attributes),) = world.rows("models", "id", "attributes")
    assert attributes[name] == received
    assert f"1 field could not be read ({name} of a)" in str(world.last_run("error")[0])
    assert became(world, extra="x", **fields) == [("extra", None, '"x"')]
    assert world.rows("models", "id", name) == before


RECEIVED = [
    ("max_tokens", 64_000, "lots", ("64000", '"lots"')),
    ("max_tokens", 64_000, [1], ("64000", "[1]")),
    ("line", "opus", {"name": "OPUS"}, ('"opus"', '{"name":"OPUS"}')),
    ("retires_at", "2027-02-01T00:00:00Z", "soon", ('"2027-02-01T00:00:00Z"', '"soon"')),
    ("created_at", "2026-02-19T00:00:00Z", 5, ('"2026-02-19T00:00:00Z"', "5")),
    ("display_name", None, 5, (None, "5")),
]


@pytest.mark.parametrize(("field", "good", "odd", "texts"), RECEIVED)
def test_what_was_received_is_logged_once_under_its_column(
    world: World, field: str, good: object, odd: object, texts: tuple[str | None, str]
) -> None:
    """One row when it comes, one when it goes, none while it stays, and none for a run that says nothing of it."""
    became(world, **{field: good})
    good_text, odd_text = texts
    assert became(world, **{field: odd}) == [(field, good_text, odd_text)]
    assert became(world, **{field: odd}) == []
    assert became(world, **{field: odd}, extra=1) == [("extra", None, "1")]
    assert became(world, **{field: good}, extra=1) == [(field, odd_text, good_text)]
    ((_, attributes),) = world.rows("models", "id", "attributes")
    assert attributes.get(field) == (good if field == "created_at" else None)


def test_a_silence_after_something_unreadable_is_no_change(world: World) -> None:
    became(world, max_tokens="lots")
    assert became(world, max_tokens=0) == []
    assert became(world, max_tokens="lots") == []
    assert became(world) == [("max_tokens", '"lots"', "64000")]


def test_a_model_whose_every_field_is_odd_is_still_in_the_database(world: World) -> None:
    odd = {"id": "b", "display_name": {}, "created_at": [], "max_tokens": True, "type": 1, "x\0y": "\0", "\ud800": 1}
    world.server.models.append(odd)
    report = world.sync()
    assert (report.run.added, report.run.status, world.listed()) == (1, Status.COMPLETE, "ab")


def test_unknown_fields_are_kept(world: World) -> None:
    became(world, pricing={"in": 1.25, "tiers": [1, 2]}, note=None, flag=True)
    ((_, attributes),) = world.rows("models", "id", "attributes")
    assert attributes == {
        "capabilities": play.model("a")["capabilities"],
        "created_at": "2026-02-19T00:00:00Z",
        "pricing": {"in": 1.25, "tiers": [1, 2]},
        "note": None,
        "flag": True,
    }


def test_history_keeps_each_states_own_fields(world: World) -> None:
    became(world, capabilities={"a": True}, max_tokens=5)
    states = world.rows("model_history", "valid_from", "max_tokens", "attributes")
    assert [(since, tokens, attributes["capabilities"]) for since, tokens, attributes in states] == [
        (11, 64_000, play.model("a")["capabilities"]),
        (22, 5, {"a": True}),
    ]


def test_what_is_listed_twice_with_different_content_is_only_there(world: World) -> None:
    twice = [play.model("a", display_name="X"), play.model("a", display_name="Y"), play.model("b")]
    world.server.models = twice
    report = world.sync()
    assert (report.run.status, report.run.changed, world.said) == (Status.PARTIAL, 0, [("added", "b")])
    assert world.rows("models", "id", "display_name") == [("a", "A"), ("b", "B")]


def test_what_returns_disputed_is_believed_once_it_is_clear(world: World) -> None:
    """It came back with the bytes of one of two contents, and kept the state of neither."""
    world.lists("b")
    world.sync()
    world.sync(accept_removals=True)
    assert world.listed() == "b"
    clear = play.model("a", display_name="X")
    world.server.models = [clear, play.model("a", display_name="Y"), play.model("b")]
    world.sync()
    assert (world.said, world.rows("models", "id", "display_name")[0]) == ([("returned", "a")], ("a", "A"))
    world.server.models = [clear, play.model("b")]
    world.sync()
    assert world.said == [("changed", "a", "display_name", '"A"', '"X"')]


@pytest.mark.parametrize("state", ["changed", "returned"])
def test_what_stays_on_two_pages_is_recorded_once(world: World, state: str) -> None:
    """A list that repeats an id on every walk must not stop the run."""
    world.page_size = 2
    if state == "returned":
        world.lists("b", "c", "d")
        world.sync()
        world.sync(accept_removals=True)
    ids = ("a", "b", "c", "a")
    world.server.models = [play.model(id, display_name="New") for id in ids]
    pages = {None: ids[:2], "b": ids[2:]}
    world.server.always = play.by_cursor(
        {
            cursor: play.answer(play.page([play.model(id, display_name="New") for id in page], has_more=cursor is None))
            for cursor, page in pages.items()
        }
    )
    report = world.sync()
    assert (report.run.status, report.run.models_seen) == (Status.PARTIAL, 3)
    assert ("changed", "a", "display_name", '"A"', '"New"') in world.said
    assert world.rows("sources", "source", "models_listed") == [("one", len(world.listed()))]


def test_an_entry_without_a_usable_id_stops_no_other(world: World) -> None:
    world.server.models = [NAMELESS, play.model("a", display_name="New"), play.model("b")]
    assert world.sync().run.status is Status.PARTIAL
    assert world.said == [("added", "b"), ("changed", "a", "display_name", '"A"', '"New"')]


@pytest.mark.parametrize("number", [1e100, 1e308, -1e308, 1e-320, 2.0**400])
def test_a_number_of_any_size_is_no_change_when_the_model_is_read_again(world: World, number: float) -> None:
    """On Postgres 1e308 was recorded as changed whenever anything else of its model changed.

    Its jsonb gives such a number back with all its digits, which was another spelling of the same.
    """
    became(world, far=number)
    assert became(world, far=number, display_name="Other") == [("display_name", '"A"', '"Other"')]


def test_a_field_that_cannot_be_read_is_told_by_each_run_that_meets_it(world: World) -> None:
    world.lists("a", "never seen before", max_tokens="many")
    for _ in range(2):
        assert "2 fields could not be read (max_tokens of a and 1 more)" in str(world.sync().run.error)
