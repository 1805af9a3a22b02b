"""Log lines: for people, for machines, and never a secret."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

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
        redaction.hide(SECRET)
        logs.configure(redaction=redaction, stream=stream, **options)
        return stream

    yield configured
    for handler in [each for each in root.handlers if isinstance(each, logs._Handler)]:
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


def test_what_is_too_short_to_be_a_secret_garbles_nothing() -> None:
    redaction = logs.Redaction()
    for short in (None, "", "a", "abc"):
        redaction.hide(short)
    assert redaction("abc a") == "abc a"
