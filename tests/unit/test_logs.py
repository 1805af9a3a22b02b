"""Log lines: for people, for machines, and never a secret."""

import io
import itertools
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from catalog import logs

pytestmark = pytest.mark.promise("P9")

SECRET = 'p4ss"word\\with/signs'
LOG = logging.getLogger("catalog.test")

Configure = Callable[..., io.StringIO]


@pytest.fixture
def configure() -> Iterator[Configure]:
    root, ours = logging.getLogger(), logging.getLogger("catalog")
    level = ours.level

    def configured(**options: Any) -> io.StringIO:
        redaction, stream = logs.Redaction(), io.StringIO()
        for secret in options.pop("secrets", (SECRET,)):
            redaction.hide(secret)
        logs.configure(redaction=redaction, stream=stream, **options)
        return stream

    yield configured
    for handler in [each for each in root.handlers if isinstance(each, logs._LogHandler)]:
        root.removeHandler(handler)
    ours.setLevel(level)


def log_one_of_each() -> None:
    LOG.debug("fine detail")
    LOG.info("the list has %d models", 8, extra=logs.event("walk.finished", pages=1))
    LOG.warning("odd")
    LOG.error("wrong", extra=logs.event("command.failed", hint="catalog check"))


@pytest.mark.warns
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "the list has 8 models\ncatalog: warning: odd\ncatalog: wrong\n  catalog check\n"),
        ({"quiet": True}, "catalog: warning: odd\ncatalog: wrong\n  catalog check\n"),
        (
            {"verbose": True},
            "fine detail\nthe list has 8 models\ncatalog: warning: odd\ncatalog: wrong\n  catalog check\n",
        ),
    ],
)
def test_people_get_sentences_as_many_as_they_ask_for(
    configure: Configure, options: dict[str, bool], expected: str
) -> None:
    stream = configure(**options)
    log_one_of_each()
    assert stream.getvalue() == expected


def test_machines_get_an_event_and_its_fields(configure: Configure) -> None:
    stream = configure(form="json")
    LOG.info("the list has %d models", 8, extra=logs.event("walk.finished", pages=1, odd={"b"}))
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "walk.finished",
        "message": "the list has 8 models",
        "pages": 1,
        "odd": ["b"],
    }


def test_other_libraries_are_heard_only_when_they_warn(configure: Configure) -> None:
    stream = configure(verbose=True)
    logging.getLogger("sqlalchemy").debug("SELECT 1")
    logging.getLogger("sqlalchemy").warning("pool is full")
    assert stream.getvalue() == "catalog: warning: pool is full\n"


@pytest.mark.warns
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_is_struck_out_in_every_spelling(configure: Configure, form: str) -> None:
    stream = configure(form=form, verbose=True)
    try:
        int(SECRET)
    except ValueError:
        LOG.exception("%s and %r", SECRET, SECRET, extra=logs.event("x", hint=SECRET, url="p4ss%22word%5Cwith%2Fsigns"))
    assert "p4ss" not in stream.getvalue()
    assert "***" in stream.getvalue()


@pytest.mark.warns
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_is_struck_out_of_json_that_is_quoted(configure: Configure, form: str) -> None:
    # A line of JSON that quoted a piece of JSON spelled the secret twice over, which nobody looked for.
    stream = configure(form=form)
    LOG.error("refused: %s", json.dumps({"key": SECRET}))
    assert "p4ss" not in stream.getvalue()


@pytest.mark.warns
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "secrets",
    [
        ("abcd1234", "abcd1234efgh"),  # one begins another
        ("efgh1234", "abcdefgh1234"),  # one ends another
        ("in/side", 'be"fore in/side af%ter'),  # one is inside another, which is spelled in several ways
        ("p%41ss", "p%41ss%2541"),
        ("same", "same" * 9),
        ("one-two", "two-one", "one-two-one"),
    ],
)
def test_of_secrets_that_hold_each_other_nothing_is_left(
    configure: Configure, form: str, secrets: tuple[str, ...]
) -> None:
    """The shorter one was struck out of the longer one, whose other part stood there."""
    for order in itertools.permutations(secrets):
        stream = configure(form=form, secrets=order)
        for secret in order:
            LOG.error("<%s> <%s>", secret, quote(secret, safe=""))
        lines = stream.getvalue().splitlines()
        assert len(lines) == len(order)
        assert all("<***> <***>" in line for line in lines), lines


@pytest.mark.warns
def test_no_line_of_a_quoted_text_passes_for_one_of_ours(configure: Configure) -> None:
    # A text with a line break in it could have forged the next line of the log.
    stream = configure()
    LOG.error("odd\ncatalog: forged", extra=logs.event("x", hint="see\ncatalog: forged"))
    assert stream.getvalue() == "catalog: odd\n  catalog: forged\n  see\n  catalog: forged\n"


@pytest.mark.warns
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_words_of_a_foreign_exception_are_shown_only_with_v(configure: Configure, form: str) -> None:
    stream = configure(form=form)
    try:
        int("foreign words")
    except ValueError:
        LOG.exception("failed")
    assert "ValueError" in stream.getvalue()
    assert "foreign words" not in stream.getvalue()


def test_a_line_stays_harmless_whatever_it_quotes(configure: Configure) -> None:
    stream = configure()
    LOG.info("%s", "claude\x1b[2J\r\u202e\x9b1m \udcff ok \N{WHITE SMILING FACE}")
    assert stream.getvalue() == "claude\\x1b[2J\\r\\u202e\\x9b1m \\udcff ok \N{WHITE SMILING FACE}\n"
    stream = configure(form="json")
    LOG.info("%s", "\x1b\u202e\x7f\n")
    assert stream.getvalue().strip().isascii()
    assert stream.getvalue().strip().isprintable()


def test_configuring_again_replaces_and_does_not_double(configure: Configure) -> None:
    first, second = configure(), configure()
    LOG.info("once")
    assert (first.getvalue(), second.getvalue()) == ("", "once\n")


@pytest.mark.warns
@pytest.mark.parametrize(
    "options",
    [[{}, {"verbose": True}], [{}, {"form": "json"}], [{"quiet": True}, {"form": "json", "verbose": True}]],
    ids=["text", "both forms", "all"],
)
def test_a_record_of_any_thread_is_redacted_while_another_starts_the_logs_anew(
    configure: Configure, capfd: pytest.CaptureFixture[str], options: list[dict[str, Any]]
) -> None:
    # The handler was taken off and put on again at each spoken line; Python printed what came between, secrets and all.
    interval, done, streams = sys.getswitchinterval(), threading.Event(), [configure(**options[0])]
    sys.setswitchinterval(1e-5)

    def go_on() -> None:
        for number in range(300):
            try:
                int(SECRET)
            except ValueError:
                LOG.exception("number %d of %s", number, SECRET)
        done.set()

    thread = threading.Thread(target=go_on)
    thread.start()
    while not done.is_set():
        streams += [configure(**each) for each in options]
    thread.join()
    sys.setswitchinterval(interval)
    told = "".join(stream.getvalue() for stream in streams)
    assert [sum(f"number {number} of ***" in line for line in told.splitlines()) for number in range(300)] == [1] * 300
    assert "p4ss" not in told
    assert capfd.readouterr() == ("", "")


@pytest.mark.warns
def test_without_our_handler_python_prints_nothing_by_itself(
    configure: Configure, capfd: pytest.CaptureFixture[str]
) -> None:
    configure()
    root = logging.getLogger()
    kept, root.handlers = root.handlers, []
    LOG.error(SECRET)
    root.handlers = kept
    assert "p4ss" not in "".join(capfd.readouterr())


@pytest.mark.warns
@pytest.mark.parametrize("arguments", [(SECRET,), (SECRET, SECRET)], ids=["too few", "too many"])
def test_a_line_that_cannot_be_made_prints_none_of_its_arguments(
    configure: Configure, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    stream = configure()
    (handler,) = [each for each in logging.getLogger().handlers if isinstance(each, logs._LogHandler)]
    handler.handle(logging.LogRecord("elsewhere", logging.WARNING, "", 0, "%d", arguments, None))
    assert stream.getvalue() == "catalog: a line of elsewhere could not be written\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.warns
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_ends_a_thread_is_logged_by_its_type_alone(
    configure: Configure, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = configure()
    monkeypatch.setattr(threading, "excepthook", logs.lost_thread)
    thread = threading.Thread(target=int, args=(SECRET,), name="catalog-pings")
    thread.start()
    thread.join()
    assert stream.getvalue() == "catalog: catalog-pings ended unexpectedly: ValueError\n  ValueError\n"
    assert capfd.readouterr() == ("", "")


def test_two_threads_lose_none_of_each_others_secrets() -> None:
    redaction, names = logs.Redaction(), [f"secret-{number}" for number in range(200)]
    threads = [threading.Thread(target=redaction.hide, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert redaction(" ".join(names)).strip("* ") == ""


def test_what_is_too_short_to_be_a_secret_garbles_nothing() -> None:
    redaction = logs.Redaction()
    for short in (None, "", "a", "abc"):
        redaction.hide(short)
    assert redaction("abc a") == "abc a"


OUTAGES = {
    "said once": ("a-x a-x a-x", ["x"]),
    "and when it ends": ("a-x a-x a+ a+", ["x", "again"]),
    "and anew": ("a-x a+ a-x", ["x", "again", "x"]),
    "never away": ("a+ b+", []),
    "one cause for several": ("a-x b-x c-x a-x", ["x"]),
    "over when it works for all": ("a-x b-x a+ b-x b+ a+", ["x", "again"]),
    "another cause": ("a-x a-y a-x a-y a+", ["x", "y", "again"]),
}


@pytest.mark.warns
@pytest.mark.parametrize(("story", "said"), OUTAGES.values(), ids=OUTAGES.keys())
def test_what_is_away_is_told_of_when_that_begins_and_when_it_ends(
    story: str, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    outages = logs.Outages(logging.getLogger("catalog.test"))
    with caplog.at_level(logging.INFO, "catalog.test"):
        for part, sign, words in ((step[0], step[1], step[2:]) for step in story.split()):
            if sign == "-":
                outages.begin(part, words, logs.event("test.away"))
            else:
                outages.end(part, "again", logs.event("test.back"))
    assert [record.getMessage() for record in caplog.records] == said
