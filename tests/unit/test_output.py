"""What is printed: aligned, whole, and harmless."""

import contextlib
import csv
import fcntl
import io
import json
import os
import pty
import struct
import termios
import tty
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from catalog.cli.context import Form
from catalog.cli.terminal import output

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOSTILE = "Claude\x1b[31m [/red]\n[bold]\u202exyz\x00\x9b\x7f"
COLUMNS = ("id", "display_name", "created_at", "max_tokens", "attributes")


def model(id: str, **fields: object) -> dict[str, object]:
    return dict.fromkeys(COLUMNS) | {"id": id, **fields}


def printed(rows: list[dict[str, object]], form: Form = "text", shown: tuple[str, ...] | None = None) -> str:
    stream = io.StringIO()
    output.listing(rows, columns=COLUMNS, form=form, shown=shown, stream=stream)
    return stream.getvalue()


def on_a_terminal(rows: list[dict[str, object]], columns: tuple[str, ...], width: int, **environ: str) -> str:
    """Print to a real pseudo-terminal, and give what arrives there."""
    leader, follower = pty.openpty()
    tty.setraw(follower)
    with pytest.MonkeyPatch.context() as patch, os.fdopen(follower, "w", encoding="utf-8") as stream:
        patch.delenv("COLUMNS", raising=False)
        for name, value in {"TERM": "xterm", "NO_COLOR": "1", **environ}.items():
            patch.setenv(name, value)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        output.listing(rows, columns=columns, form="text", stream=stream)
        stream.flush()
    arrived = b"".join(_until_hung_up(leader)).decode()
    os.close(leader)
    return arrived


def _until_hung_up(leader: int) -> Iterator[bytes]:
    """Read all that was written: one read may give a part of it. A terminal whose other side is closed ends in EIO."""
    with contextlib.suppress(OSError):
        while part := os.read(leader, 4096):
            yield part


ROWS = [
    model("claude-a", display_name="A", created_at=NOW, max_tokens=5),
    model("a-much-longer-id-" + "x" * 80, display_name="Größe 字", attributes={"b": [1, None]}),
]


def test_in_a_pipe_columns_are_aligned_and_nothing_is_cut() -> None:
    lines = printed(ROWS, shown=("id", "display_name", "created_at")).splitlines()
    wide = 97
    assert lines == [
        f"{'id':<{wide}}  name      created",
        f"{'claude-a':<{wide}}  A         2026-11-22 09:30",
        f"{'a-much-longer-id-' + 'x' * 80}  Größe 字  -",
    ]


def test_rows_beyond_those_read_ahead_are_not_cut_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_ALIGNED", 1)
    assert printed(ROWS, shown=("id", "max_tokens")).splitlines() == [
        "id        max_tokens",
        "claude-a  5",
        "a-much-longer-id-" + "x" * 80 + "  -",
    ]


def test_a_very_long_text_widens_no_other_row() -> None:
    # One name of five thousand characters made five thousand columns of blanks of every other row.
    rows = [model("a", display_name="x" * 5_000), model("b", display_name="y", max_tokens=1)]
    _, long, short = printed(rows, shown=("id", "display_name", "max_tokens")).splitlines()
    assert "x" * 5_000 in long
    assert len(short) < 220


def test_json_is_one_array_of_whole_objects() -> None:
    assert json.loads(printed(ROWS, "json", shown=("id",))) == [
        model("claude-a", display_name="A", created_at="2026-11-22T09:30:00.000000Z", max_tokens=5),
        model("a-much-longer-id-" + "x" * 80, display_name="Größe 字", attributes={"b": [1, None]}),
    ]


def test_json_appears_row_by_row() -> None:
    stream, seen = io.StringIO(), []

    def rows() -> Iterator[dict[str, object]]:
        for number in range(3):
            seen.append(stream.getvalue().count("{"))
            yield {"n": number}

    output.array(rows(), stream=stream)
    assert seen == [0, 1, 2]
    assert json.loads(stream.getvalue()) == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_csv_has_every_column_and_full_times() -> None:
    assert list(csv.reader(io.StringIO(printed(ROWS, "csv", shown=("id",))))) == [
        list(COLUMNS),
        ["claude-a", "A", "2026-11-22T09:30:00.000000Z", "5", ""],
        ["a-much-longer-id-" + "x" * 80, "Größe 字", "", "", '{"b": [1, null]}'],
    ]


@pytest.mark.parametrize("form", get_args(Form))
def test_nothing_is_printed_as_nothing(form: Form) -> None:
    assert (
        printed([], form)
        == {
            "text": "id  name  created  max_tokens  attributes\n",
            "json": "[]\n",
            "nl": "",
            "tsv": "id\tdisplay_name\tcreated_at\tmax_tokens\tattributes\n",
            "csv": "id,display_name,created_at,max_tokens,attributes\n",
        }[form]
    )


@pytest.mark.parametrize("form", get_args(Form))
def test_hostile_text_reaches_nobody_raw(form: Form) -> None:
    text = printed([model("x", display_name=HOSTILE, attributes={HOSTILE: HOSTILE})], form)
    assert text.replace("\n", "").replace("\t" if form == "tsv" else "\n", "").isprintable()
    assert len(text.splitlines()) == {"text": 2, "json": 3, "nl": 1, "csv": 2, "tsv": 2}[form]
    assert "[/red]" in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_csv_cell_never_starts_a_formula(start: str) -> None:
    (_, row) = csv.reader(io.StringIO(printed([model(f"{start}cmd()", max_tokens=-1)], "csv")))
    assert row[0].startswith("'")
    assert row[3] == "-1"


def test_on_a_terminal_a_table_is_drawn_and_markup_stays_text() -> None:
    text = on_a_terminal([model("claude-a", display_name="Claude [/beta] :smile:")], ("id", "display_name"), 80)
    assert text.splitlines() == ["id        name", "─" * 32, "claude-a  Claude [/beta] :smile:"]


def test_on_a_terminal_hostile_text_stays_harmless() -> None:
    text = on_a_terminal([model("claude-a", display_name=HOSTILE)], ("id", "display_name"), 120)
    assert text.replace("\r", "").replace("\n", "").isprintable()


def test_on_a_narrow_terminal_ids_stay_whole() -> None:
    long = "claude-" + "x" * 40
    rows = [model(long, display_name="a name that is long enough to be folded into several lines")]
    folded = on_a_terminal(rows, ("id", "display_name"), 70)
    assert long in folded
    assert max(map(len, folded.splitlines())) <= 70
    assert long in on_a_terminal(rows, ("id", "display_name"), 40)


def test_a_column_that_is_empty_in_all_rows_is_left_out_unless_it_was_asked_for() -> None:
    rows = [model("a", max_tokens=0), model("b")]
    assert printed(rows).splitlines() == ["id  max_tokens", "a   0", "b   -"]
    stream = io.StringIO()
    output.listing(rows, columns=("id", "display_name"), form="text", kept=True, stream=stream)
    assert stream.getvalue().splitlines() == ["id  name", "a   -", "b   -"]
    assert (
        printed([model("a") | {"id": None}])
        == "id  name  created  max_tokens  attributes\n-   -     -        -           -\n"
    )


@pytest.mark.parametrize(
    ("environ", "escapes"),
    [
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "", "TERM": "dumb"}, False),
        ({"NO_COLOR": "", "TERM": "unknown"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(environ: dict[str, str], escapes: bool) -> None:
    rows: list[dict[str, object]] = [{"id": "a", "lifecycle": "deprecated"}]
    text = on_a_terminal(rows, ("id", "lifecycle"), 80, **environ)
    assert ("\x1b[1mid" in text, "\x1b[33mdeprecated\x1b[0m" in text, "\x1b" in text) == (escapes,) * 3


def test_a_terminal_is_as_wide_as_it_says_or_as_columns_says() -> None:
    rows = [model("a", display_name="four words and more " * 4)]
    for environ in ({}, {"COLUMNS": "50"}, {"COLUMNS": "wide"}):
        text = on_a_terminal(rows, ("id", "display_name"), 40, **environ)
        assert max(map(len, text.splitlines())) in (range(41, 51) if "50" in environ.values() else range(30, 41))


def test_single_lines_and_documents_are_harmless_too(capsys: pytest.CaptureFixture[str]) -> None:
    output.line(f"+ {HOSTILE}")
    output.document({"name": HOSTILE, "age": timedelta(seconds=2), "at": NOW})
    told = capsys.readouterr().out
    assert told.replace("\n", "").isprintable()
    assert json.loads(told.partition("\n")[2]) == {"name": HOSTILE, "age": 2.0, "at": "2026-11-22T09:30:00.000000Z"}


def test_a_value_without_a_json_form_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        output.document(object())
