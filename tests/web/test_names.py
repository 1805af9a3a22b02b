"""Every id has a name of its own that is safe in an address and in a folder, and can be read back."""

import hashlib
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.web import names
from catalog.web.names import Sought

NAMES = {
    "claude-opus-4-5-20251101": "claude-opus-4-5-20251101",
    "Claude_3.5": "Claude_3.5",
    ".": "~2E",
    "..": "~2E.",
    "...": "~2E..",
    ".x": "~2Ex",
    "x.": "x.",
    "x.html": "x.html",
    "../../etc/passwd": "~2E.~2F..~2Fetc~2Fpasswd",
    "a//b": "a~2F~2Fb",
    "/a": "~2Fa",
    "a\\b": "a~5Cb",
    "a?b=c&d": "a~3Fb~3Dc~26d",
    "a#b": "a~23b",
    "%": "~25",
    "a%2Fb": "a~252Fb",
    "a%252Fb": "a~25252Fb",
    "~": "~7E",
    "~2F": "~7E2F",
    "a~~b": "a~7E~7Eb",
    "a b": "a~20b",
    "a+b": "a~2Bb",
    "accounts/fireworks:free@1": "accounts~2Ffireworks~3Afree~401",
    "a\nb": "a~0Ab",
    "a\x00b": "a~00b",
    "C:": "C~3A",
    "é": "~C3~A9",
    "e\u0301": "e~CC~81",
    "模型": "~E6~A8~A1~E5~9E~8B",
    "\U0001f600": "~F0~9F~98~80",
    "\u202egpj.exe": "~E2~80~AEgpj.exe",
    "<img src=x onerror=alert(1)>": "~3Cimg~20src~3Dx~20onerror~3Dalert~281~29~3E",
    "\"'`": "~22~27~60",
    "{{7*7}}": "~7B~7B7~2A7~7D~7D",
    "a" * 200: "a" * 200,
    "/" * 66: "~2F" * 66,
}
LONG = ["a" * 201, "a" * 256, "/" * 67, "é" * 256, "\U0001f600" * 256, "x" + "模" * 255, "." * 256, "~" * 256]
NO_NAMES = {
    "nothing": "",
    "a folder above": "..",
    "hidden": ".x",
    "a letter that needs no escape": "~61",
    "a dot that comes later": "a~2E",
    "small hex digits": "a~2fb",
    "half an escape": "a~2",
    "no hex digits": "a~ZZ",
    "a separator": "a/b",
    "no UTF-8": "~FF",
    "half a character": "~C3",
    "a lone surrogate": "~ED~A0~80",
    "too long to stand whole": "a" * 201,
    "cut, and nothing of it can be read": "~FF" * 50 + "~~" + "0" * 32,
    "cut, with a digest that is too short": "a" * 150 + "~~" + "0" * 31,
    "cut, with capitals": "a" * 150 + "~~" + "A" * 32,
}
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)
ODD = st.text("aA./~2F%é\x00", min_size=1, max_size=256)


@pytest.mark.parametrize("id", NAMES)
def test_an_id_has_a_name_and_the_name_leads_back(id: str) -> None:
    assert names.name_of(id) == NAMES[id]
    assert names.id_or_prefix(NAMES[id]) == Sought(id, is_whole=True)


@pytest.mark.parametrize("id", LONG)
def test_a_long_name_is_cut_and_ends_with_a_digest(id: str) -> None:
    name = names.name_of(id)
    digest = hashlib.sha256(id.encode()).hexdigest()[:32]
    assert (len(name), name[150:]) == (184, f"~~{digest}")
    sought = names.id_or_prefix(name)
    assert sought is not None
    assert id.startswith(sought.text)
    assert not sought.is_whole
    assert len(sought.text) >= 12


@pytest.mark.parametrize("why", NO_NAMES)
def test_what_no_id_is_called_is_no_name(why: str) -> None:
    assert names.id_or_prefix(NO_NAMES[why]) is None


def test_a_lone_surrogate_from_an_address_does_no_harm() -> None:
    assert names.name_of("a\ud800") == "a~ED~A0~80"


def test_a_model_stands_below_its_source() -> None:
    assert names.model_path("anthropic", "a/b") == "model/anthropic/a~2Fb.html"
    assert names.model_path("anthropic", "..", "svg") == "model/anthropic/~2E..svg"


@given(ODD | IDS)
def test_a_name_holds_only_what_no_address_and_no_folder_reads_otherwise(id: str) -> None:
    name = names.name_of(id)
    assert set(name) <= set(string.ascii_letters + string.digits + "._-~")
    assert not name.startswith(".")
    assert 0 < len(name) <= 200


@given(ODD | IDS, ODD | IDS)
@example("Claude", "claude")
@example("a" * 256, "A" * 256)
@example("~2F", "/")
def test_different_ids_never_share_a_name(one: str, other: str) -> None:
    """Where a folder takes A and a for one, only ids that differ in nothing else meet; none that is cut."""
    first, second = names.name_of(one), names.name_of(other)
    assert (first == second) == (one == other)
    if first.lower() == second.lower():
        assert one.lower() == other.lower()
        assert one == other or len(first) <= 200


@given(ODD | IDS)
def test_every_name_leads_back_to_its_id(id: str) -> None:
    sought = names.id_or_prefix(names.name_of(id))
    assert sought is not None
    assert sought.text == id if sought.is_whole else id.startswith(sought.text)


def test_what_a_text_tells_has_the_same_uuid_for_ever() -> None:
    assert str(names.uuid_of("retires:anthropic:8:claude-a")) == "a20c882e-711a-52f9-81a6-3761aa718a58"
    assert names.uuid_of("a").version == 5


TWINS = {
    ("model/s/a.html", ()): None,
    ("model/s/a.html", ("model/s/a.html", "model/s/b.html", "model/S2/a.html")): None,
    ("model/s/a.html", ("model/s/b.html", "model/s/A.html")): "model/s/A.html",
    ("model/s/a.html", ("model/S/a.html",)): "model/S/a.html",
    ("line/Opus/models.html", ("line/opus/models.html",)): "line/opus/models.html",
    ("model/s/~C3~A9.html", ("model/s/~C3~89.html",)): None,
}


@pytest.mark.parametrize(("path", "others"), TWINS)
def test_paths_that_differ_in_case_alone_are_twins(path: str, others: tuple[str, ...]) -> None:
    assert names.twin(path, others) == TWINS[path, others]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (names.model_path("s", "a/B:free"), "a/B:free"),
        (names.model_path("s", "v1.5", "ics"), "v1.5"),
        ("line/opus/models.html", "line/opus/models.html"),
        ("model/s/~ZZ.html", "model/s/~ZZ.html"),
    ],
)
def test_a_file_is_told_by_the_id_of_its_model(path: str, words: str) -> None:
    assert names.told(path) == words
