"""The hostile list through every command in every form, and every page in every shape: none may be left out."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import click
import pytest

from catalog import cli, recipes
from catalog.text import harmless_lines
from catalog.web import names
from catalog.web.routes import ROUTES
from tests.attacks import hostile
from tests.attacks.hostile import RAW, STRINGS
from tests.attacks.spoilt import IDS, PLAIN, Stage, spoiled
from tests.volume import Volume
from tests.web import conftest as web
from tests.web.test_escaping import ATTRIBUTES, TAGS, Page

pytestmark = [pytest.mark.warns, pytest.mark.promise("P6", "P9")]

FORMS = ("--json", "--nl", "--csv", "--tsv")
SOME = IDS[::20]
SOURCE = "anthropic"
PUBLISHED = ("data-published", "data-until", "data-last", "data-stale")  # what the script of a published page reads
Calls = Sequence[tuple[str, ...]] | str  # how a command is called; or why it says nothing of a list

# Every command, in the order in which they are called. One that is new must be added.
CALLS: Mapping[str, Calls] = {
    "demo": "plays a list of its own",
    "init": "writes what the program itself knows",
    "apis": "tells what the program itself knows",
    "help": "tells what the program itself knows",
    "run": "is looked at on a terminal, and in the logs",
    "web": "is asked for each of its pages",
    "check": [()],
    "sync": [("--dry-run",), (), ("--accept-removals",)],
    "backfill": [("past", "answers")],
    "models": [("--all",), ("--removed",), ("--as-of", "0s"), ("--match", "\x1b[31m"), ("--source", "\u202eno")],
    "show": [("--", id) for id in (*SOME, "no such\x1b]0;x\x07")],
    "changes": [("--limit", "1500"), ("--model", "*"), ("--field", "\x9b31m")],
    "diff": [("1d",), ("1d", "--match", "=*")],
    "runs": [("--limit", "0")],
    "sql": [
        *((f"SELECT * FROM {view}",) for view in ("models", "changes LIMIT 1500", "sync_runs", "list_sources")),
        *(("--recipe", name) for name in recipes.NAMES),
        ("SELECT \x1b[31m FROM \u202e",),
    ],
    "status": [()],
    "alerts list": [("--all",)],
    "alerts test": [(channel,) for channel in ("chat", "told", "mail", "hook")],
    "alerts retry": [()],
    "alerts send": [()],
    "alerts drop": [("--dead",), ("hook",)],
    "publish": [("site",)],
    "watch check": [
        ("--", *IDS, "no\x1bsuch"),
        ("--days", "36500", "--file", "wanted"),
        ("--catalog", "site", "--", *SOME),
    ],
    "watch scan": [("code", "--days", "36500"), ("code", "--catalog", "site")],
    "db current": [()],
    "db check": [()],
    "db verify": [()],
    "db backup": [("copy",)],
    "db prune": [("--older-than", "1d", "--dry-run")],
    "db restore": [("copy", "--replace")],
    "db upgrade": [(), ("--sql",)],
    "completion": [("bash",), ("zsh",), ("fish",)],
}


def commands(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Find every command below this one."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    for name in command.list_commands(click.Context(command)):
        below = command.get_command(click.Context(command), name)
        assert below
        yield from commands(below, *path, name)


COMMANDS = dict(commands(cli.command))


def forms(command: click.Command) -> Iterator[tuple[str, ...]]:
    """Give the options that choose what a command prints: none, and each of those that it has."""
    yield ()
    for option in command.params:
        name = option.opts[0]
        if name in FORMS:
            yield (name,)
        if name == "--format" and isinstance(option.type, click.Choice):
            yield from ((name, str(choice)) for choice in option.type.choices)
        if name == "--print":
            yield (name,)


def test_every_command_has_an_entry() -> None:
    assert COMMANDS.keys() == CALLS.keys()


@pytest.fixture
def full(stage: Stage) -> Stage:
    """The catalog, and what commands read besides: files that name models, a past, a watchlist that is old."""
    configured = stage.folder / "catalog.toml"
    if "[sources.past]" not in configured.read_text():
        with configured.open("a") as file:
            file.write(f'[sources.past]\nbase_url = "{stage.models.url}"\n[publish]\nbase_url = "https://a.example"\n')
            file.write('sources = ["past"]\n')  # a page for each of all models would take long
        stage.models.models = [*map(spoiled, PLAIN, STRINGS[2:]), *(retiring(id) for id in IDS[::30])]
        lay_files(stage.folder, [*map(spoiled, PLAIN, STRINGS[::8]), *(retiring(id) for id in SOME)])
        assert stage.call("sync", "anthropic")[0] == 0
        assert stage.call("backfill", "past", "answers")[0] == 0
    return stage


def retiring(id: str) -> dict[str, Any]:
    """A model that has its id everywhere, and a date in a calendar."""
    return spoiled(id, id) | {"retires_at": "2030-01-01T00:00:00Z"}


def lay_files(folder: Path, models: list[dict[str, Any]]) -> None:
    for name in ("answers", "code"):
        (folder / name).mkdir()
    answer = json.dumps({"data": models, "has_more": False}).encode()
    (folder / "answers" / "2020-01-01T00-00-00Z.json").write_bytes(answer)
    known = [text for text in STRINGS if "\0" not in text and not re.search("[\ud800-\udfff]", text)]
    (folder / "wanted").write_text("\n".join(id for id in IDS if not id.startswith("#")) + "\n")
    for number, text in enumerate(known):
        name = text.replace("/", "_")[:40]
        place = folder / "code" / (name if name not in {"", ".", ".."} else "dots")
        place.write_text(f'x = "{PLAIN[number]}"; y = "{text}"; z = "plain-l{number}"\n')


def test_no_command_in_any_form_lets_a_text_do_harm(full: Stage, volume: Volume) -> None:
    """Every command of the program, every form of its output, both streams: no raw sign, no formula, no forged line."""
    outputs = size = 0
    for name, calls in CALLS.items():
        for call in () if isinstance(calls, str) else calls:
            for form in forms(COMMANDS[name]):
                if name == "db backup":
                    (full.folder / "copy").unlink(missing_ok=True)
                code, out, err = full.call(*name.split(), *form, *call)
                assert code in {0, 1, 2, 3, 10, 11, 12}, (name, form, call, err)
                assert "Traceback" not in err
                sound(name, err)
                sound(name, out)
                CHECKS[form[-1] if form else ""](name, out)
                outputs, size = outputs + 1, size + len(out) + len(err)
    volume.came_to(commands=len(COMMANDS), outputs=outputs, characters=size, raw_signs=0, formulas=0)


def sound(where: str, text: str) -> None:
    """Hold a text against what no terminal may get."""
    found = [text[max(at.start() - 60, 0) : at.end() + 20] for at in RAW.finditer(text.replace("\t", " "))]
    assert found == [], where


def tabular(name: str, text: str, delimiter: str) -> None:
    sound(name, text)
    rows = [*csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
    cells = [cell for row in rows[1:] for cell in row]
    assert [cell for cell in cells if cell.startswith(hostile.FORMULA) and not _is_number(cell)] == [], name
    assert {len(row) for row in rows} <= {len(rows[0])} if rows else True, name


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"-?[0-9.]+", cell) is not None


def ascii_json(name: str, text: str) -> None:
    assert text.isascii(), name
    if text:
        json.loads(text)


def annotations(_name: str, text: str) -> None:
    """GitHub runs any line that begins with `::`, and `##[`."""
    for line in text.splitlines():
        assert re.fullmatch(
            r"::(error|warning|notice) ((file|line|col|title)=[^,:]*,?)*::(?:[^%]|%25|%0A|%0D)*", line
        ) or not ("::" in line[:3] or line.lstrip().startswith("##[")), line[:200]


CHECKS: Mapping[str, Callable[[str, str], None]] = {
    "": lambda _name, _text: None,
    "text": lambda _name, _text: None,
    "--print": lambda _name, _text: None,
    "github": annotations,
    "json": ascii_json,
    "--json": ascii_json,
    "--nl": lambda name, text: ascii_json(name, f"[{','.join(text.splitlines())}]"),
    "--csv": lambda name, text: tabular(name, text, ","),
    "--tsv": lambda name, text: tabular(name, text, "\t"),
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_no_shell_is_offered_what_it_would_run(full: Stage, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    """What a shell puts into a line that is typed means nothing to it: no sign but those of plain words."""
    monkeypatch.setenv("_CATALOG_COMPLETE", f"{shell}_complete")
    offered = ""
    for begun in sorted({"p", *(id[0] for id in IDS if id[0].isalnum())}):
        monkeypatch.setenv("COMP_WORDS", f"catalog show {begun}")
        monkeypatch.setenv("COMP_CWORD", begun if shell == "fish" else "2")
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        with redirect_stdout(out), pytest.raises(SystemExit):
            cli.command.main(prog_name="catalog", complete_var="_CATALOG_COMPLETE")
        offered += out.buffer.getvalue().decode()
    sound(shell, offered)
    assert "plain-1" in offered
    assert re.findall(r"[$`;|&<>(){}*?!\"'\\#~^= ]", offered.replace("\\:", ":")) == []


def addresses() -> Iterator[str]:
    """Give an address for every route in every form, of many models; and with hostile words in the question."""
    for route in ROUTES:
        for form in route.forms:
            ids = [*SOME, PLAIN[0]] if "<name>" in route.rule else [""]
            for id in ids:
                yield f"{route.address({'source': SOURCE, 'name': names.name_of(id)})}.{form}"
            yield from (f"{route.name}.{form}?{name}={quote(text)}" for name, text in ASKED.get(route.name, ()))


ASKED = {
    "models": [
        *(("q", text) for text in STRINGS[::40]),
        ("match", "*"),
        ("state", "all"),
        ("as_of", "0d"),
        ("line", "<b>"),
    ],
    "changes": [("events", "added,changed,removed"), ("models", '"><img src=x>'), ("baseline", "1")],
    "diff": [("from", "2020-01-01"), ("match", "<script>*")],
    "watch": [("id", text) for text in STRINGS[::40]],
    "timeline": [("id", SOME[1]), ("match", "*"), ("q", "<")],
    "retirements": [("models", "*"), ("days", "36500")],
    "runs": [("limit", "1000")],
}


def page(_where: str, text: str) -> None:
    found = Page(text)
    assert {tag for tag, _ in found.elements} <= TAGS
    assert {name for _, attributes in found.elements for name in attributes} <= {*ATTRIBUTES, *PUBLISHED}
    assert text == harmless_lines(text)


def feed(where: str, text: str) -> None:
    sound(where, text)
    for element in ET.fromstring(text).iter():
        if element.attrib.get("type") == "html":
            assert {tag for tag, _ in Page(element.text or "").elements} <= {"p", "br"}, where
        assert not re.match(r"\s*(javascript|data):", element.attrib.get("href", "")), where


def feed_json(where: str, text: str) -> None:
    sound(where, text)
    assert json.loads(text)["version"].startswith("https://jsonfeed.org/")


def calendar(where: str, text: str) -> None:
    sound(where, text.replace("\r\n", "\n"))
    assert text.count("\n") == text.count("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n")), where
    for line in text.replace("\r\n ", "").split("\r\n")[:-1]:
        assert re.match(
            r"(BEGIN|END|VERSION|PRODID|CALSCALE|METHOD|NAME|UID|SUMMARY|DESCRIPTION|DT|LAST|SEQ|TRANSP|URL|CATEG|STATUS|X-WR-|REFRESH|ACTION|TRIGGER|SOURCE|COLOR)[A-Z-]*[:;]",
            line,
        ), line


def picture(where: str, text: str) -> None:
    sound(where, text)
    root = ET.fromstring(text)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {*TAGS, "style", "title", "desc"}
    names_ = {name.rpartition("}")[2] for element in root.iter() for name in element.attrib}
    assert not [name for name in names_ if name.startswith("on")]
    links = [value for element in root.iter() for name, value in element.attrib.items() if name.endswith("href")]
    assert not [
        link
        for link in links
        if re.match(r"\s*[a-z]+:", link) and not link.startswith(("http://127.0.0.1", "https://a.example"))
    ]


SHAPES: Mapping[str, Callable[[str, str], None]] = {
    "html": page,
    "json": ascii_json,
    "csv": lambda where, text: tabular(where, text, ","),
    "atom": feed,
    "feed.json": feed_json,
    "ics": calendar,
    "svg": picture,
}


def test_no_page_in_any_shape_served_or_published_lets_a_text_do_harm(full: Stage, volume: Volume) -> None:
    """Every route in every form, the mirror, and every published file: no element, property or sign more than ours."""
    answers = 0
    url = f"sqlite:///{full.folder / 'catalog.db'}"
    with web.served(url, now=datetime.now(UTC), source=SOURCE, also=["past"], mirror_open=True) as site:
        for address in addresses():
            reply = site.get(address)
            assert reply.status in {200, 400, 404}, address
            assert all(value.isascii() and value.isprintable() for value in reply.headers.values()), address
            form = (
                address.partition("?")[0].partition(".")[2] if "model/" not in address else address.rpartition(".")[2]
            )
            is_refusal = reply.status != 200 and form not in {"json", "csv"}
            SHAPES["html" if is_refusal else "json" if reply.status != 200 else form](address, reply.text)
            answers += 1
        for id in (*SOME, "no\x1bsuch"):
            for address in (
                f"mirror/{SOURCE}/v1/models/{quote(id, safe='')}",
                f"mirror/{SOURCE}/v1/models?after_id={quote(id)}",
            ):
                reply = site.get(address)
                assert reply.status in {200, 400, 404}
                json.loads(reply.text)
                assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", reply.text), address
                answers += 1
    assert full.call("publish", str(full.folder / "pages"))[0] == 0
    files = [path for path in (full.folder / "pages").rglob("*") if path.is_file() and path.parent.name != "static"]
    for path in files:
        if path.name not in {"catalog.json", ".catalog-publish"}:
            suffix = "feed.json" if path.name.endswith(".feed.json") else path.suffix[1:]
            SHAPES[suffix](path.name, path.read_bytes().decode())
    assert all(
        re.fullmatch(r"[A-Za-z0-9._~-]+", part) for path in files for part in path.relative_to(full.folder).parts
    )
    assert len(files) > 100
    assert any(b"BEGIN:VEVENT" in path.read_bytes() for path in files if path.suffix == ".ics")
    volume.came_to(answers=answers, files=len(files), markup=0, raw_signs=0, formulas=0)
