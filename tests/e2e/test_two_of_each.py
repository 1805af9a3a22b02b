"""Two of each: a filter lets no row of another pass, and one that fails neither hides nor spoils the others."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import catalog
from catalog import recipes
from catalog.errors import ConfigError
from catalog.monitor import metrics
from catalog.store.engine import database as databases
from tests import server as play
from tests.two_of_each import DAYS, FAILING, FORMER, HEALTHY, IDS, SYNCED, UNREAD, House, entry

pytestmark = [pytest.mark.promise("P1", "P8", "P10"), pytest.mark.warns]

FOUND = dict.fromkeys(SYNCED, 0)
ASKED = FOUND | {FORMER: 2}  # which is not configured
READ = ASKED | {FAILING: 3}

# What is asked of one source, {0}, and how it ends for each that was read.
ALONE: Mapping[str, Mapping[str, int]] = {
    "models --source {0}": FOUND,
    "models --source {0} --json": FOUND,
    "models --source {0} --csv": FOUND,
    "models --source {0} --all --sort -first_seen_at": FOUND,
    "models --source {0} --removed": FOUND,
    "models --source {0} --as-of {at}": FOUND,
    "models --source {0} --as-of {at} --match shared --json": FOUND,
    "models --source {0} --match share": FOUND,
    "models --source {0} --retiring 36500d": FOUND,
    "models --source {0} --limit 2": FOUND,
    "models --line line-x{0}x": FOUND,
    "show shared --source {0}": FOUND,
    "show gone --source {0} --json": FOUND,
    "changes --source {0}": FOUND,
    "changes --source {0} --limit 2 --json": FOUND,
    "changes --source {0} --kind removed --json": FOUND,
    "changes --source {0} --field retires_at --csv": FOUND,
    "changes --source {0} --model shared --json": FOUND,
    "changes --source {0} --model [gs]* --since {at} --no-baseline --json": FOUND,
    "diff {at} --source {0} --json": FOUND,
    "diff {at} --source {0} --match [gs]* --json": FOUND,
    "runs --source {0} --json": FOUND,
    "runs --source {0} --limit 1 --json": FOUND,
    "watch check {0}:shared": {name: 0 for name in SYNCED if name != FORMER},
    "watch check {0}:gone": {name: 10 for name in SYNCED if name != FORMER},
    "watch check shared --source {0}": ASKED,
    "watch check {0}:shared --live": {name: READ[name] for name in SYNCED if name != FORMER},
    "watch check shared --source {0} --live": READ,
    "watch scan code.py --source {0} --json": dict.fromkeys(SYNCED, 10) | {FORMER: 2},
    "sync {0} --dry-run": READ,
    "sync {0} --dry-run --json": READ,
    "sql --param s={0} --json": FOUND,
    "backfill {0} page.json": dict.fromkeys(SYNCED, 2),  # each was read live, or is not configured
}


def asked(house: House, command: str, name: str = "") -> list[str]:
    """Give the words of a command; a query is too long for a table."""
    words = command.format(name, at=house.between.isoformat()).split()
    return [*words, "SELECT source, id FROM models WHERE source = :s"] if words[0] == "sql" else words


def told(*texts: str) -> set[str]:
    """Name the sources that texts tell of."""
    return {name for name in (*SYNCED, UNREAD) if any(name in text for text in texts)}


@pytest.fixture(autouse=True)
def files(built: House) -> None:
    (built.folder / "code.py").write_text('MODEL = "gone"\n')
    (built.folder / "page.json").write_text(json.dumps(play.page([entry("shared", "other")])))


def test_what_is_asked_of_one_source_tells_of_no_other(house: House) -> None:
    wrong: dict[str, Any] = {}
    for command, codes in ALONE.items():
        for name, code in codes.items():
            ended, out, err = house.run(*asked(house, command, name))
            others = told(out, err) - {name} - ({*SYNCED, UNREAD} if "sources are" in err else set())
            if ended != code or others or (name not in out and code in {0, 10}):
                wrong[command.format(name, at="T")] = (ended, others, out[:300], err[:300])
    assert wrong == {}


# What is asked of all, and how many rows of it are of each source that was read.
TOGETHER: Mapping[str, int | Mapping[str, int]] = {
    "models": 5,
    "models --all": 6,
    "models --removed": 1,
    "models --match shared": 1,
    "models --match Shared": 1,
    "models --match s*": 1,
    "models --retiring 36500d": 1,
    "models --as-of {at}": 5,
    "changes --limit 0": 8,
    "changes --no-baseline": 3,
    "changes --kind removed": 1,
    "changes --field retires_at": 1,
    "changes --model shared": 2,
    "changes --since {at}": 3,
    "changes --until {at}": 5,
    "diff {at}": 3,
    "diff {at} --match shared": 1,
    "runs": {"amber": 4, "birch": 4, "cedar": 4, "ebony": 3},
    "show shared": 1,
}


@pytest.mark.parametrize("command", TOGETHER)
def test_what_is_asked_of_all_tells_as_much_of_each(house: House, command: str) -> None:
    expected = TOGETHER[command]
    rows = house.rows(*asked(house, command))
    assert Counter(row["source"] for row in rows) == (
        dict.fromkeys(SYNCED, expected) if isinstance(expected, int) else expected
    )
    texts = json.dumps([row for row in rows if "display_name" in row])
    assert all(f'"owner": "x{row["source"]}x"' in json.dumps(row) for row in rows if "display_name" in row), texts


# In which order rows come.
ORDERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "models --all": lambda row: (row["source"], row["id"]),
    "models --as-of {at}": lambda row: (row["source"], row["id"]),
    "models --retiring 36500d": lambda row: row["retires_at"],
    "models --sort -retires_at": lambda row: (row["retires_at"] is None, [-ord(x) for x in row["retires_at"] or ""]),
    "diff {at}": lambda row: (row["source"], row["model_id"]),
    "changes --limit 0": lambda row: [-ord(each) for each in row["recorded_at"]] + [-row["change_id"]],
    "runs": lambda row: -row["run_id"],
    "alerts list --all": lambda row: row["delivery_id"],
    "status": lambda row: row.get("source") or f"~{row['channel']}",
}


@pytest.mark.parametrize("command", ORDERS)
def test_rows_of_several_come_in_one_order(house: House, command: str) -> None:
    rows = house.rows(*asked(house, command))
    assert len(rows) >= 4
    assert rows == sorted(rows, key=ORDERS[command])


# How a command ends that is asked of all: by the worst of them.
ENDS: Mapping[str, tuple[int, set[str]]] = {  # and the sources that stderr names
    "status": (1, set()),
    "check": (3, {"cedar"}),
    "sync --dry-run": (3, {"cedar"}),
    "sync amber birch --dry-run": (0, set()),
    "sync amber cedar --dry-run": (3, {"cedar"}),
    "sync amber nothing --dry-run": (2, {"amber", "birch", "cedar", "dune"}),
    "watch check": (0, set()),
    "watch check shared": (0, set()),  # of a list that is fresh
    "watch check gone": (10, set()),
    "watch check nothing": (12, {"dune"}),
    "watch check nothing --source birch": (11, set()),
    "watch check dune:shared": (12, {"dune"}),
    "watch check shared --live": (0, set()),
    "watch check nothing --live": (3, {"cedar"}),
    "watch check cedar:shared amber:shared --live": (3, {"cedar"}),
    "db verify": (0, set()),
    "db check": (0, set()),
    "models --source dune": (2, {*SYNCED, "dune"}),
    "alerts test newt --print": (2, set()),
}


@pytest.mark.parametrize("command", ENDS)
def test_the_worst_of_several_is_the_exit_code(house: House, command: str) -> None:
    code, _, err = house.run(*asked(house, command))
    assert (code, told(err)) == ENDS[command], err


def test_a_rehearsal_tells_of_each_whatever_fails(house: House) -> None:
    _, out, _ = house.run("sync", "--dry-run", "--json")
    runs = [(run["source"], run["status"], run["added"], run["dry_run"]) for run in json.loads(out)]
    assert runs == [
        ("amber", "complete", 0, True),
        ("birch", "complete", 0, True),
        ("cedar", "failed", 0, True),
        ("dune", "complete", 5, True),
    ]


# Health


def test_status_judges_each_source_and_each_channel_by_itself(house: House) -> None:
    found = house.rows("status")
    assert [
        (each.get("source") or each["channel"], each["healthy"], [one["code"] for one in each["findings"]])
        for each in found
    ] == [
        ("amber", True, []),
        ("birch", True, []),
        ("cedar", False, ["failed"]),
        ("dune", False, ["never"]),
        ("ebony", True, ["unconfigured"]),
        ("mole", True, ["resting"]),
        ("newt", True, ["orphaned"]),
    ]
    assert [(each["models_listed"], each["configured"]) for each in found[:5]] == [
        (5, True),
        (5, True),
        (5, True),
        (None, None),
        (5, False),
    ]
    assert [(each["pending"], each["dead"]) for each in found[5:]] == [(2, 0), (8, 0)]
    assert told(house.run("-q", "status")[1]) == {FAILING, UNREAD}


def test_check_goes_on_to_the_end_past_what_fails(house: House) -> None:
    _, out, err = house.run("check")
    good = [line.split()[1].rstrip(":") for line in out.splitlines() if line.startswith("ok") and "first page" in line]
    assert good == ["amber", "birch", "dune"]
    assert [line for line in out.splitlines() if "channel" in line] == [
        f"ok    channel {name}: `catalog alerts test {name}` sends it a sample" for name in ("lark", "mole")
    ]
    assert "note  dune: nothing is told as new yet" in out
    assert err.count("catalog: ") == 1


def numbers(house: House) -> dict[str, float]:
    """Read the metrics of the house as a collector does."""
    database = databases.open_(house.url)
    page = metrics.page(database, channels=("lark", "mole"), watched=["a/b", ("birch", "shared")]).decode()
    database.close()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in page.splitlines() if line[0] != "#")
    }


def moment(house: House, query: str) -> float:
    [text] = house.column(query)
    return float(catalog_time(text))


def catalog_time(text: str) -> float:
    from catalog import dates

    return dates.from_text(text).timestamp()


@pytest.mark.parametrize(
    ("metric", "expected"),
    {
        "catalog_models_listed": dict.fromkeys(SYNCED, 5),
        "catalog_models_missing": dict.fromkeys(SYNCED, 0),
        "catalog_models_added_total": dict.fromkeys(SYNCED, 1),
        "catalog_models_removed_total": dict.fromkeys(SYNCED, 1),
        "catalog_runs_failed_in_a_row": {"amber": 0, "birch": 0, "cedar": 1, "ebony": 0},
        "catalog_held": dict.fromkeys(SYNCED, 0),
        "catalog_alerts_pending": {"lark": 0, "mole": 2, "newt": 8},
        "catalog_alerts_dead": {"lark": 0, "mole": 0, "newt": 0},
    }.items(),
)
def test_each_metric_has_the_number_of_each(house: House, metric: str, expected: dict[str, float]) -> None:
    found = {name: value for name, value in numbers(house).items() if name.startswith(f"{metric}{{")}
    assert {re.findall('"(.*)"', name)[0]: value for name, value in found.items()} == expected


def test_each_moment_of_the_metrics_is_that_of_its_source_or_channel(house: House) -> None:
    found = numbers(house)
    for name in SYNCED:
        last = f"FROM sync_runs WHERE source = '{name}' ORDER BY run_id DESC LIMIT 1"
        status = "failed" if name == FAILING else "complete"
        assert found[f'catalog_last_run_status{{source="{name}",status="{status}"}}'] == 1
        ended = moment(house, f"SELECT finished_at {last}")
        assert found[f'catalog_last_run_timestamp_seconds{{source="{name}"}}'] == ended
        took = found[f'catalog_last_run_duration_seconds{{source="{name}"}}']
        assert took == pytest.approx(ended - moment(house, f"SELECT started_at {last}"), abs=1e-5)
        whole = moment(house, f"SELECT last_whole_at FROM sources WHERE source = '{name}'")
        assert found[f'catalog_last_whole_walk_timestamp_seconds{{source="{name}"}}'] == whole
        retires = catalog_time(f"{DAYS[name]}T00:00:00.000000Z")
        assert found[f'catalog_next_retirement_timestamp_seconds{{models="all",source="{name}"}}'] == retires
    assert [name for name in found if 'models="watched"' in name] == [
        'catalog_next_retirement_timestamp_seconds{models="watched",source="birch"}'
    ]
    for channel in ("mole", "newt"):
        of = f"FROM deliveries WHERE channel = '{channel}' AND status = 'pending'"
        for metric, column in (("oldest_pending", "created_at"), ("next_attempt", "next_attempt_at")):
            expected = moment(house, f"SELECT min({column}) {of}")
            assert found[f'catalog_alerts_{metric}_timestamp_seconds{{channel="{channel}"}}'] == expected
    assert not [name for name in found if UNREAD in name or ("timestamp" in name and "lark" in name)]


# The library


def test_the_library_tells_of_one_source_what_is_asked_of_one(house: House) -> None:
    with catalog.open() as mine:
        for name in SYNCED:
            found = {
                "models": {one.source for one in mine.models(source=name)},
                "as of": {one.source for one in mine.models(as_of=house.between, source=name)},
                "changes": {one.source for one in mine.changes(source=name, model="shared")},
                "diff": {one.source for one in mine.diff(house.between, source=name)},
                "runs": {one.source for one in mine.runs(source=name)},
                "model": {mine.model("shared", source=name).source},
                "story": {one.source for one in mine.story("shared", source=name).changes},
            }
            assert set().union(*found.values()) == {name}
            assert all(found.values())
        assert [one.id for one in mine.models(source="amber")] == sorted([*IDS, "amber-only"])
        with pytest.raises(ConfigError, match="several sources list"):
            mine.story("shared")
        with pytest.raises(ConfigError, match="never synced"):
            mine.models(source=UNREAD)
        assert {one.name for one in mine.status().sources} == {*SYNCED, UNREAD}


NOT_OF_EACH = {"failed-runs", "pending-alerts", "longest-input"}  # of cedar, of birch, and of the first ten


@pytest.mark.parametrize("recipe", recipes.every(), ids=lambda recipe: recipe.name)
def test_no_row_of_a_recipe_mixes_two_sources(house: House, recipe: recipes.Recipe) -> None:
    values = {
        "since": house.between.isoformat(),
        "until": "now",
        "earlier": house.between.isoformat(),
        "later": "now",
        "day": house.between.isoformat(),
        "model_id": "shared",
        "name": "shared",
    }
    params = [word for one in recipe.parameters for word in ("--param", f"{one.name}={values[one.name]}")]
    code, out, err = house.run("sql", "--recipe", recipe.name, *params, "--json")
    assert code == 0, err
    rows = json.loads(out)
    if rows and recipe.name not in NOT_OF_EACH:
        assert told(out) == {*SYNCED}
    if recipe.name != "new-at-several":  # which puts them side by side
        assert [row for row in rows if len(told(json.dumps(row))) > 1] == []


# Channels


def hooks(server: play.ModelsServer) -> Counter[str]:
    return Counter(seen.path.strip("/") for seen in server.requests)


def statuses(own: House) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for row in own.rows("alerts", "list", "--all"):
        found.setdefault(row["channel"], Counter())[row["status"]] += 1
    return found


LARK, MOLE, NEWT = {"delivered": 8}, {"pending": 2}, {"pending": 8}


@pytest.mark.parametrize(
    ("command", "code", "after", "sent"),
    [
        (["alerts", "send"], 1, {}, {"mole"}),
        (["alerts", "test", "lark"], 0, {}, {"lark"}),
        (["alerts", "test", "mole"], 1, {}, {"mole"}),
        (["alerts", "test", "lark", "--print"], 0, {}, set()),
        (["alerts", "drop", "mole"], 0, {"mole": {"dropped": 2}}, set()),
        (["alerts", "drop", "newt"], 0, {"newt": {"dropped": 8}}, set()),
        (["alerts", "drop", "lark"], 0, {}, set()),
        (["alerts", "drop", "mole", "--dead"], 0, {}, set()),
        (["alerts", "drop", "--dead"], 0, {}, set()),
        (["alerts", "drop", "mole", "--delivery", "{mole}"], 0, {"mole": {"pending": 1, "dropped": 1}}, set()),
        (["alerts", "drop", "lark", "--delivery", "{mole}"], 2, {}, set()),
        (["alerts", "drop", "nobody"], 2, {}, set()),
        (["alerts", "retry", "lark"], 0, {}, set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_done_to_one_channel_leaves_the_others_as_they_were(
    own: House,
    command: list[str],
    code: int,
    after: dict[str, dict[str, int]],
    sent: set[str],
) -> None:
    [mole, *_] = own.column("SELECT delivery_id FROM deliveries WHERE channel = 'mole' ORDER BY 1")
    ended, _, err = own.run(*(word.format(mole=mole) for word in command))
    assert (ended, statuses(own)) == (code, {"lark": LARK, "mole": MOLE, "newt": NEWT} | after), err
    assert {*hooks(own.takes), *hooks(own.refuses)} == sent


def test_what_is_dead_is_tried_again_for_the_channel_that_is_named(own: House) -> None:
    own.configure(channels=("lark", "mole", "newt"))
    own.refuses.script(play.error(410), play.error(410))
    assert own.run("alerts", "send")[0] == 1
    assert statuses(own) == {"lark": LARK, "mole": {"dead": 2}, "newt": {"dead": 8}}
    code, out, _ = own.run("status")
    assert code == 1
    assert [line.split(":")[1].strip() for line in out.splitlines() if "given up" in line] == ["mole", "newt"]
    own.refuses.always = own.takes.always
    assert own.run("alerts", "retry", "newt")[:2] == (0, "8 dead alerts requeued\nnewt took 8 messages\n")
    assert statuses(own) == {"lark": LARK, "mole": {"dead": 2}, "newt": {"delivered": 8}}
    assert own.run("alerts", "drop", "--dead")[:2] == (0, "2 alerts dropped\n")
    assert statuses(own) == {"lark": LARK, "mole": {"dropped": 2}, "newt": {"delivered": 8}}


def test_news_of_each_source_goes_to_the_channels_that_ask_for_it_whatever_is_down(own: House) -> None:
    for name in HEALTHY:
        own.lists[name].models.append(entry("newer", name))
    assert own.run("sync")[0] == 3
    bodies = [json.loads(seen.body) for seen in own.takes.requests]
    assert sorted((body["source"], [change["model_id"] for change in body["changes"]]) for body in bodies) == [
        ("amber", ["newer"]),
        ("birch", ["newer"]),
    ]
    assert all(f"x{body['source']}x" in body["changes"][0]["display_name"] for body in bodies)
    assert own.column("SELECT DISTINCT source FROM deliveries WHERE channel = 'mole'") == ["birch"]
    assert statuses(own)["mole"] == {"pending": 3}
    assert hooks(own.takes) == {"lark": 2}
    assert own.column("SELECT count(*) FROM changes WHERE source = 'dune' AND NOT baseline") == [0]


# What is done to one source


def test_the_watcher_hears_of_each_source_that_fails_and_of_no_other(own: House) -> None:
    path = own.folder / "catalog.toml"
    path.write_text(f'{path.read_text()}\n[monitor]\nping_url = "{own.takes.url}/ping"\n')
    assert own.run("sync", "birch")[0] == 0
    start, end = own.takes.requests
    assert (start.path, end.path) == ("/ping/start", "/ping/fail")
    assert told(end.body.decode()) == {FAILING}
    own.lists[FAILING].always = play.honest
    assert own.run("sync", "cedar")[0] == 0
    assert own.takes.requests[-1].path == "/ping"


def test_what_is_accepted_of_one_source_waits_on_at_the_other(own: House) -> None:
    for name in HEALTHY:
        own.lists[name].models = [entry("shared", name)]
    assert own.run("sync", *HEALTHY)[0] == 5
    assert own.run("sync", "amber", "--accept-removals")[0] == 0
    listed = Counter(row["source"] for row in own.rows("models"))
    assert listed == {"amber": 1, "birch": 5, "cedar": 5, "ebony": 5}
    assert [each["source"] for each in own.rows("status") if "held" in json.dumps(each["findings"])] == ["birch"]
    told = {
        name: value for name, value in numbers(own).items() if name.startswith(("catalog_held", "catalog_models_m"))
    }
    some = {name: value for name, value in told.items() if value}
    assert some == {'catalog_held{source="birch"}': 1, 'catalog_models_missing{source="birch"}': 4}


def test_a_source_without_news_keeps_its_newest_runs_whatever_others_do(own: House) -> None:
    before = own.rows("models", "--all"), own.rows("changes", "--limit", "0")
    for _ in range(3):
        assert own.run("sync", *HEALTHY)[0] == 0
    assert own.rows("db", "prune", "--older-than", "0s")["runs"] >= 2
    left = Counter(row["source"] for row in own.rows("runs", "--limit", "0"))
    assert {*left} == {*SYNCED}
    assert (own.rows("models", "--all")[0]["source"], own.rows("changes", "--limit", "0")) == ("amber", before[1])
    assert [row["last_status"] for row in own.rows("status")[:3]] == ["complete", "complete", "failed"]
    assert own.run("db", "verify")[0] == 0


def test_a_past_goes_into_the_source_that_is_named(own: House) -> None:
    before = {name: own.rows("models", "--source", name) for name in SYNCED}
    page = own.folder / "2020-01-01.json"
    page.write_text(json.dumps(play.page([entry("shared", UNREAD)])))
    code, _, err = own.run("backfill", UNREAD, str(page))
    assert code == 0, err
    assert {name: own.rows("models", "--source", name) for name in SYNCED} == before
    [row] = own.rows("models", "--source", UNREAD)
    assert (row["id"], row["display_name"]) == ("shared", f"shared x{UNREAD}x")
    assert statuses(own) == {"lark": LARK, "mole": MOLE, "newt": NEWT}


def test_a_copy_holds_all_sources_and_all_channels(own: House) -> None:
    asked = (["models", "--all"], ["changes", "--limit", "0"])
    before = [own.rows(*words) for words in asked]
    assert own.run("db", "backup", "copy.db")[0] == 0
    own.lists["amber"].models.append(entry("newer", "amber"))
    assert own.run("sync", "amber")[0] == 0
    assert own.run("db", "restore", "copy.db", "--replace")[0] == 0
    assert [own.rows(*words) for words in asked] == before
    assert statuses(own) == {"lark": LARK, "mole": {"dead": 2}, "newt": {"dead": 8}}


def test_who_is_tried_again_alone_is_sent_to_alone(own: House) -> None:
    """`retry newt` sent to mole what was due there, too, and failed because of it."""
    own.configure(channels=("lark", "mole", "newt"))
    own.refuses.script(play.error(410), play.error(410))
    assert own.run("alerts", "send")[0] == 1
    own.refuses.always = lambda visit: (own.takes.always if visit.seen.path == "/newt" else play.error(503))(visit)
    assert own.run("alerts", "retry", "mole")[0] == 1  # one fails, and the other one stays due
    assert statuses(own)["mole"] == {"pending": 2}
    own.refuses.requests.clear()
    [number, *_] = own.column("SELECT delivery_id FROM deliveries WHERE channel = 'newt' ORDER BY 1")
    assert own.run("alerts", "retry", "--delivery", str(number))[0] == 0
    assert own.run("alerts", "retry", "newt")[0] == 0
    assert (hooks(own.refuses), statuses(own)["newt"]) == ({"newt": 8}, {"delivered": 8})


def test_a_source_that_was_first_read_later_is_not_said_to_have_listed_nothing(own: House) -> None:
    """Of each source, the catalog was said to begin where the first one did."""
    assert own.run("sync", UNREAD)[0] == 0
    at = own.between.isoformat()
    code, out, err = own.run("models", "--as-of", at, "--source", UNREAD)
    assert (code, out.count("\n")) == (0, 1)
    assert "what this catalog knows of dune begins at 20" in err
    assert "is not known" in err
    for command in (["models", "--as-of", at], ["diff", at]):
        assert "dune: first read after " in own.run(*command)[2]
        assert "first read after " not in own.run(*command, "--source", "amber")[2]
    assert ": what its first list had counts as added" in own.run("diff", at)[2]


def test_a_source_that_is_not_configured_any_more_alarms_no_watcher(own: House) -> None:
    own.configure(HEALTHY)
    path = own.folder / "catalog.toml"
    path.write_text(f'{path.read_text()}\n[monitor]\nping_url = "{own.takes.url}/ping"\n')
    assert own.run("sync", "birch")[0] == 0
    assert [seen.path for seen in own.takes.requests] == ["/ping/start", "/ping"]
    assert own.run("status")[0] == 0


def test_what_one_source_shows_is_published_though_another_fails(own: House) -> None:
    path = own.folder / "catalog.toml"
    path.write_text(f'{path.read_text()}\n[publish]\nfolder = "pages"\n')
    own.lists["amber"].models.append(entry("newer", "amber"))
    assert own.run("sync", "amber", "cedar")[0] == 3
    rows = json.loads((own.folder / "pages" / "models.json").read_text())
    assert [row["source"] for row in rows if row["id"] == "newer"] == ["amber"]


def test_an_id_without_a_source_is_asked_of_all_beside_one_of_a_single_source(house: House) -> None:
    _, out, _ = house.run("watch", "check", "--live", "--json")
    found = [(row["id"], row["source"]) for row in json.loads(out)]
    assert found == [("shared", "birch"), ("a/b", "amber"), ("a/b", "birch"), ("a/b", UNREAD)]


def test_an_id_of_another_source_is_no_id_of_the_one_that_is_asked_for(house: House) -> None:
    code, out, err = house.run("models", "--source", "birch", "--match", "amber-only", "--json")
    assert (code, out) == (0, "[]\n")
    assert "it is taken as the pattern *amber-only*" in err
