"""Names that mean something to a program: as an id, a source, a channel or a file they mean themselves alone.

Signs of LIKE, of shell patterns, of formats, of URLs, quotes, blanks, other letters; names that differ by case alone.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from catalog import config as configuration
from catalog.store.engine import database as databases
from catalog.web import names
from catalog.wiring import sites
from tests import server as play
from tests.e2e.ground import Ground
from tests.server import ModelsServer, model
from tests.web.conftest import Visitor

pytestmark = pytest.mark.warns

IDS = (
    *("100%", "100x", "a_b", "axb", "a-b", "%%", "%s", "%(id)s", "{}", "{0}", "{id}", "$1", "${HOME}", ":id", "x:id"),
    *("a'b", 'a"b', "a''b", "with blank", " before", "a;b", "a,b", "a=b", "a&b", "a#b", "a+b", "a@b", "~", "..", "<b>"),
    *("\u00e9", "\u00c9", "\u00df", "ss", "\u65e5\u672c", "\U0001f600", "Case", "case", "CASE", "%2F", "a%2Fb", "b"),
    *("a*b", "a?b", "a[1]", "a1", "[x]", "a/b", "a\\b", "a//b"),
)
SOURCES = ("a_b", "axb", "a-b")  # as patterns of LIKE, the first fits all of them
CHANNELS = ("a-b", "a_b", "axb")


@pytest.fixture
def odd(bare: Ground) -> Iterator[Ground]:
    """Have three sources that list all ids, each with a name of its own for each, and three channels that are down."""
    servers = [ModelsServer(models=[model(id, display_name=f"{id} of {name}") for id in IDS]) for name in SOURCES]
    lines = [
        f'[sources.{name}]\nbase_url = "{server.start().url}"\napi_key_env = "ANTHROPIC_API_KEY"\n'
        for name, server in zip(SOURCES, servers, strict=True)
    ]
    down = play.error(503, headers={"retry-after": "86400"})
    bare.server.always = down
    hook = f'webhook = {{ url = "{bare.server.url}/hook" }}\n'
    lines += [f"[[alerts]]\nname = {json.dumps(name)}\n{hook}" for name in CHANNELS]
    (bare.folder / "catalog.toml").write_text("".join(lines) + "[web]\nmirror_open = true\n")
    assert bare.run("sync")[0] == 0
    servers[0].models.append(model("newer"))
    assert bare.run("sync", SOURCES[0])[0] == 0
    yield bare
    for server in servers:
        server.close()


def pattern(id: str) -> str:
    """Give the shell pattern that fits this id alone."""
    return re.sub(r"([*?[])", r"[\1]", id)


def rows(odd: Ground, *words: str) -> list[dict[str, str]]:
    code, out, err = odd.run(*words)
    assert code == 0, (words, err)
    found: list[dict[str, str]] = json.loads(out)
    return found


def test_an_id_means_itself_to_each_command(odd: Ground) -> None:
    query = "SELECT id, display_name FROM models WHERE id = :id AND source = 'a_b'"
    wrong = {}
    for id in IDS:
        for words in (
            ("models", "--source", "a_b", "--match", pattern(id)),
            ("show", "--source", "a_b", "--json", "--", id),
            ("sql", query, "--param", f"id={id}"),
        ):
            found = rows(odd, *words, *([] if "--json" in words else ["--json"]))
            if [(row["id"], row["display_name"]) for row in found] != [(id, f"{id} of a_b")]:
                wrong[words[0], id] = found
    assert wrong == {}
    logged = [row["model_id"] for row in rows(odd, "changes", "--json", "--source", "axb", "--limit", "0")]
    assert sorted(logged) == sorted(IDS)
    for id in IDS:
        [change] = rows(odd, "changes", "--json", "--source", "axb", "--model", pattern(id))
        assert (change["model_id"], change["source"]) == (id, "axb")
    judged = rows(odd, "watch", "check", "--json", "--source", "a-b", "--", *IDS)
    assert [(row["id"], row["source"], row["state"]) for row in judged] == [(id, "a-b", "fine") for id in IDS]
    for name in SOURCES:
        judged = rows(odd, "watch", "check", "--json", "--", *(f"{name}:{id}" for id in IDS))
        assert [(row["id"], row["source"]) for row in judged] == [(id, name) for id in IDS]


def test_an_id_means_itself_in_each_address(odd: Ground) -> None:
    config = configuration.load(odd.folder / "catalog.toml")
    wrong = {}
    with (
        closing(databases.open_(config.database.url)) as database,
        sites.serving(config, database, ("127.0.0.1", 0)) as address,
    ):
        site = Visitor(address=address, url=config.database.url)
        for id in IDS:
            expected = f"{id} of axb"
            story = site.get(f"model/axb/{names.name_of(id)}.json")
            if story.status != 200 or [row["display_name"] for row in json.loads(story.body)] != [expected]:
                wrong["story", id] = story.text[:200]
            mirrored = site.get(f"mirror/axb/v1/models/{quote(id, safe='')}")
            if mirrored.status != 200 or json.loads(mirrored.body)["display_name"] != expected:
                wrong["mirror", id] = mirrored.text[:200]
            found = json.loads(site.get(f"models.json?source=axb&q={quote(id, safe='')}").body)
            fits = {each for each in IDS if id.lower() in each.lower() or id.lower() in f"{each} of axb".lower()}
            if {row["id"] for row in found} != fits:
                wrong["part", id] = str({row["id"] for row in found} ^ fits)
            for path in ("changes.json?baseline=1&events=added&", "retirements.json?", "watch.json?"):
                reply = site.get(f"{path}id=axb:{quote(id, safe='')}")
                ids = {row.get("model_id", row.get("id")) for row in json.loads(reply.body)}
                if ids != (set() if path.startswith("ret") else {id}):
                    wrong[path, id] = str(ids)
    assert wrong == {}


def test_a_source_whose_name_is_a_pattern_of_another_is_itself_alone(odd: Ground) -> None:
    for command in ("models", "changes", "runs", "diff 2020"):
        for name in SOURCES:
            found = rows(odd, *command.split(), "--source", name, "--json")
            assert {row["source"] for row in found} == {name}, command
    assert odd.run("models", "--source", "A_B")[0] == 2
    assert odd.run("sync", "a_%")[0] == 2


def test_a_channel_whose_name_is_a_pattern_of_another_is_itself_alone(odd: Ground) -> None:
    left = sorted(CHANNELS)
    for name in ("a_b", "a-b", "axb"):
        assert [row["channel"] for row in rows(odd, "status", "--json") if "channel" in row] == left
        assert odd.run("alerts", "drop", name)[:2] == (0, "1 alert dropped\n")
        left.remove(name)
        assert sorted(row["channel"] for row in rows(odd, "alerts", "list", "--json")) == left


def test_files_of_odd_names_are_those_that_are_meant(odd: Ground, tmp_path: Path) -> None:
    written, made = (tmp_path / "catalog.toml").read_text(), set[str]()
    for name in ("50% {x}", "a_b", "l'\u00e9t\u00e9 %s", "%2F", "{0}"):
        assert odd.run("db", "backup", f"{name}.db")[0] == 0
        assert odd.run("db", "restore", f"{name}.db", "--replace")[0] == 0
        places = {"metrics_file": f"{name}.prom", "folder": f"{name}.pages"}
        (tmp_path / "catalog.toml").write_text(
            f'{written}[monitor]\nmetrics_file = "{places["metrics_file"]}"\n[publish]\nfolder = "{places["folder"]}"\n'
        )
        assert odd.run("sync", "axb")[0] == 0
        made |= {f"{name}.db", *places.values()}
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("catalog.")} == made
