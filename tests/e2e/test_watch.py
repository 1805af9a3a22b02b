"""`catalog watch check`, called as a build would call it: what it prints, and with which code it ends."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog import cli, dates
from tests.e2e.ground import Ground
from tests.server import KEY, ModelsServer, model

NOW = datetime.now(UTC)


@pytest.fixture
def watched(bare: Ground, server: ModelsServer) -> Ground:
    """Sync twice: claude-fine and claude-old stay, claude-soon retires in 30 days, claude-gone goes."""
    soon = dates.short(NOW + timedelta(days=30))
    stay = [
        model("claude-fine"),
        model("claude-old", lifecycle="deprecated"),
        model("claude-soon", lifecycle="deprecated", retires_at=soon),
    ]
    server.models = [*stay, model("claude-gone")]
    assert bare.run("sync")[0] == 0
    server.models = stay
    assert bare.run("sync")[0] == 0
    return bare


def watch(ground: Ground, *ids: str, more: str = "") -> None:
    """Watch these ids, with other tables behind."""
    ground.configure()
    path = ground.folder / "catalog.toml"
    path.write_text(f"{path.read_text()}[watch]\nmodels = {json.dumps(ids)}\n{more}")


def test_fine_models_end_well_and_a_deprecated_one_is_told(watched: Ground) -> None:
    watch(watched, "claude-fine", "claude-old")
    code, out, err = watched.run("watch", "check")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["fine", "claude-fine", "anthropic"],
        ["deprecated", "claude-old", "anthropic"],
    ]
    assert watched.run("-q", "watch", "check") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["claude-fine"], 0),
        (["claude-soon"], 10),
        (["claude-soon", "--days", "29"], 0),
        (["claude-gone"], 10),
        (["claude-fnie"], 11),
        (["claude-gone", "claude-fnie", "claude-fine"], 11),
    ],
)
def test_the_code_tells_the_gravest(watched: Ground, arguments: list[str], code: int) -> None:
    assert watched.run("watch", "check", *arguments)[0] == code


def test_each_model_has_a_line_that_says_what_is_wrong(watched: Ground) -> None:
    _, out, _ = watched.run("watch", "check", "claude-fnie", "claude-gone", "claude-soon", "claude-fnie")
    header, unknown, gone, soon = out.splitlines()
    assert header.split() == ["state", "id", "source", "text"]
    assert unknown.split()[:2] == ["unknown", "claude-fnie"]
    assert "  no list ever had it; did you mean claude-fine?" in unknown
    assert "  not listed since 20" in gone
    assert ", in 30 days" in soon


def test_json_is_one_array(watched: Ground) -> None:
    watch(watched, "claude-soon", "claude-fnie")
    code, out, err = watched.run("watch", "check", "--json")
    soon, unknown = json.loads(out)
    assert (code, err) == (11, "")
    assert list(soon) == ["id", "source", "state", "text", "retires_at", "removed_at", "did_you_mean"]
    assert (soon["state"], soon["source"], len(soon["retires_at"])) == ("retiring", "anthropic", 27)
    assert (unknown["source"], unknown["did_you_mean"][0]) == (None, "claude-fine")


def test_it_asks_nobody_but_the_database(
    watched: Ground, server: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    before = len(server.requests)
    assert watched.run("watch", "check", "claude-fine")[0] == 0
    assert len(server.requests) == before


@pytest.mark.warns
def test_a_catalog_that_lacks_a_whole_source_counts_more_than_anything_it_says(watched: Ground) -> None:
    watch(watched, "claude-gone", "claude-fnie", more='[sources.other]\nbase_url = "http://127.0.0.1:9"\n')
    code, out, err = watched.run("watch", "check")
    assert (code, len(out.splitlines())) == (12, 3)
    assert "other: was never read whole\n  catalog sync other\n" in err
    assert watched.run("watch", "check", "--source", "anthropic")[0] == 11
    assert watched.run("watch", "check", "--source", "anthropic", "claude-fine")[0] == 0
    assert watched.run("-q", "watch", "check", "--source", "other", "claude-fine")[0] == 12


@pytest.mark.warns
def test_a_stale_catalog_is_not_relied_on(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["-q", "demo", "--database", database_url]) == 0
    monkeypatch.setenv("CATALOG_DATABASE_URL", database_url)
    (tmp_path / "catalog.toml").write_text('[sources.demo]\nbase_url = "http://127.0.0.1:9"\n')
    capsys.readouterr()
    assert cli.run(["watch", "check", "--json", "claude-opus-4-8"]) == 12
    out, err = capsys.readouterr()
    assert [one["id"] for one in json.loads(out)] == ["claude-opus-4-8"]
    assert "demo: the last whole walk ended" in err


@pytest.mark.warns
def test_an_id_that_another_source_has_is_not_said_to_be_in_no_list(
    watched: Ground, server: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the demo's catalog, a model that `catalog show` knew was in no list ever."""
    monkeypatch.setenv("OTHER_KEY", KEY)
    other = f'[sources.other]\nbase_url = "{server.url}"\napi_key_env = "OTHER_KEY"\n'
    watch(watched, "claude-only", more=other)
    server.models = [model("claude-only"), model("claude-fine")]
    assert watched.run("sync", "other")[0] == 0
    assert watched.run("watch", "check", "claude-only")[0] == 0
    code, out, _ = watched.run("watch", "check", "claude-only", "--source", "anthropic")
    assert (code, "only in source other, which was not asked" in out, "no list" in out) == (11, True, False)
    watch(watched, "claude-only")
    code, out, _ = watched.run("watch", "check")
    assert (code, "only in source other, which is not configured" in out, "no list" in out) == (11, True, False)
    code, out, err = watched.run("watch", "check", "--source", "other")
    assert (code, out, "source other is in this catalog, but not configured" in err) == (2, "", True)
    assert watched.run("watch", "check", "--source", "othr")[0] == 2


@pytest.mark.warns
def test_a_model_can_be_watched_at_one_source_alone(
    watched: Ground, server: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", KEY)
    other = f'[sources.other]\nbase_url = "{server.url}"\napi_key_env = "OTHER_KEY"\n'
    watch(watched, "other:claude-gone", "claude-fine", "other:claude-fine", "anthropic:claude-fien", more=other)
    server.models = [model("claude-fine"), model("claude-gone"), model("claude:free")]
    assert watched.run("sync", "other")[0] == 0
    code, out, _ = watched.run("watch", "check", "--json")
    unknown = "this source never listed it; did you mean anthropic:claude-fine?"
    found = json.loads(out)
    assert [(one["state"], one["source"], one["id"]) for one in found] == [
        ("fine", "other", "claude-gone"),
        ("fine", "anthropic", "claude-fine"),
        ("fine", "other", "claude-fine"),
        ("unknown", "anthropic", "claude-fien"),
    ]
    assert (code, found[-1]["text"].startswith(unknown[:45])) == (11, True)
    note = (
        "note: the watched model anthropic:claude-fien: this source never listed it; did you mean anthropic:claude-fine"
    )
    assert note in watched.run("status")[1]
    assert [one["id"] for one in json.loads(watched.run("watch", "check", "--json", "--source", "other")[1])] == [
        *("claude-gone", "claude-fine"),
    ]
    assert watched.run("watch", "check", "anthropic:claude-gone")[0] == 10
    assert watched.run("watch", "check", "other:claude-gone")[0] == 0
    assert watched.run("watch", "check", "other:claude:free")[0] == 0
    assert watched.run("watch", "check", "claude:free")[0] == 0
    code, _, err = watched.run("watch", "check", "other:claude-gone", "--source", "anthropic")
    assert (code, "no models are watched at anthropic" in err) == (2, True)


@pytest.mark.warns
def test_a_model_at_one_source_asks_nothing_of_the_others(watched: Ground) -> None:
    watch(watched, "anthropic:claude-fine", more='[sources.other]\nbase_url = "http://127.0.0.1:9"\n')
    assert watched.run("watch", "check")[0] == 0
    assert watched.run("watch", "check", "other:claude-fine")[0] == 12


@pytest.mark.warns
@pytest.mark.parametrize(
    ("ids", "code"),
    [
        (["claude-fine"], 0),
        (["claude-fine", "claude-old"], 0),
        (["claude-soon"], 10),
        (["claude-gone"], 10),
        (["anthropic:claude-fine"], 0),
        (["anthropic:claude-fien"], 11),
        (["claude-fien"], 12),  # the list that was never read may have it
        (["claude-fine", "claude-fien"], 12),
        (["other:claude-fine"], 12),
        (["other:claude-fine", "claude-gone"], 12),
    ],
)
def test_a_model_of_a_fresh_source_does_not_hang_on_one_that_was_never_read(
    watched: Ground, ids: list[str], code: int
) -> None:
    """It was 12 for every model, as soon as one more source was configured."""
    watch(watched, *ids, more='[sources.other]\nbase_url = "http://127.0.0.1:9"\n')
    found, _, err = watched.run("watch", "check")
    assert (found, "other: was never read whole" in err) == (code, code == 12)


@pytest.mark.warns
def test_nothing_to_watch_is_a_mistake(watched: Ground) -> None:
    code, out, err = watched.run("watch", "check")
    assert (code, out) == (2, "")
    assert "no models are watched" in err
    path = watched.folder / "catalog.toml"
    path.write_text(path.read_text() + '[watch]\nfiles = ["models.txt"]\n')
    code, _, err = watched.run("watch", "check")
    assert code == 2
    assert "models.txt is not there" in err
    (watched.folder / "models.txt").write_text("claude-gone  # the bot\n")
    assert watched.run("watch", "check")[0] == 10


@pytest.mark.warns
def test_no_catalog_is_as_good_as_an_empty_one(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was exit 4, which a build takes for a broken database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATALOG_DATABASE_URL", database_url)
    assert cli.run(["watch", "check", "claude-fine"]) == 12
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("catalog: there is no catalog ")
    assert "\n  run `catalog sync` first" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.warns
def test_a_database_that_does_not_answer_is_another_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    assert cli.run(["watch", "check", "claude-fine"]) == 4
