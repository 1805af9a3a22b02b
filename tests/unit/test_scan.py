"""Which names a text holds: the table of all the ways in which people write ids, and of what only looks like one."""

import random
import string

import pytest

from catalog import scan
from catalog.scan import Names

IDS = (
    *("claude-3-opus-20240229", "claude-opus-4-8", "claude-opus-4-8-fast", "claude-haiku-4-5-20251001", "claude-2.1"),
    *("gpt-4", "gpt-4o", "gpt-4.1", "gemini-1.5-pro", "gemini-1.5-pro-001", "o3", "o3-mini", "davinci", "1.0.0"),
    *("anthropic/claude-3-opus", "meta-llama/Llama-2-7b", "deepseek/deepseek-r1", "llama3:8b", "@cf/meta/llama-2"),
    *("anthropic.claude-v2:1", "titan-embed", "text.with.dots", "my model", "modèle-1", 'a"b', "x+y-1"),
)
NAMES = Names(IDS, sources=("anthropic", "MyGateway"))


def found(text: str | bytes, names: Names = NAMES) -> list[str]:
    """Give the ids named, and after a question mark the texts that may be a slip, which of them are."""
    block = text.encode() if isinstance(text, str) else text
    spots = list(names.spots(block))
    near = names.near(slip for spot in spots for slip in spot.slips)
    told = (spot.id or next((f"?{slip}" for slip in spot.slips if slip in near), "") for spot in spots)
    return [each for each in told if each]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # whole words
        ("claude-3-opus-20240229", ["claude-3-opus-20240229"]),
        ('model = "claude-3-opus-20240229",', ["claude-3-opus-20240229"]),
        ("model='claude-3-opus-20240229'", ["claude-3-opus-20240229"]),
        ("`claude-3-opus-20240229`", ["claude-3-opus-20240229"]),
        ("model=claude-3-opus-20240229", ["claude-3-opus-20240229"]),
        ("model:claude-3-opus-20240229", ["claude-3-opus-20240229"]),
        ("model: claude-3-opus-20240229", ["claude-3-opus-20240229"]),
        ("--model=claude-3-opus-20240229;", ["claude-3-opus-20240229"]),
        ("MODEL=claude-3-opus-20240229\\", ["claude-3-opus-20240229"]),
        ("We use claude-3-opus-20240229.", ["claude-3-opus-20240229"]),
        ("We use claude-3-opus-20240229...", ["claude-3-opus-20240229"]),
        ("claude-3-opus-20240229: the best", ["claude-3-opus-20240229"]),
        ("claude-3-opus-20240229's limits", ["claude-3-opus-20240229"]),
        ("(claude-3-opus-20240229)", ["claude-3-opus-20240229"]),
        ("[claude-3-opus-20240229](x)", ["claude-3-opus-20240229"]),
        ("<b>claude-3-opus-20240229</b>", ["claude-3-opus-20240229"]),
        ("**claude-3-opus-20240229**, _claude-2.1_", ["claude-3-opus-20240229", "claude-2.1"]),
        ("# claude-2.1 is gone", ["claude-2.1"]),
        ("// claude-2.1, gpt-4", ["claude-2.1", "gpt-4"]),
        ("claude-2.1|gpt-4", ["claude-2.1", "gpt-4"]),
        ("{claude-2.1,gpt-4}", ["claude-2.1", "gpt-4"]),
        ("“claude-2.1”", ["claude-2.1"]),
        ("模型claude-2.1。", ["claude-2.1"]),
        ('{"a":"claude-2.1","b":"gpt-4"}', ["claude-2.1", "gpt-4"]),
        ('{"claude-2.1":5}', ["claude-2.1"]),
        ("{claude-2.1:5}", ["claude-2.1"]),
        (r'"{\"model\":\"claude-2.1\"}"', ["claude-2.1"]),
        (r'"one\nclaude-2.1\ttwo"', ["claude-2.1"]),
        (r"C:\models\claude-2.1", ["claude-2.1"]),
        ('"""claude-2.1"""', ["claude-2.1"]),
        ("f'{provider}/claude-2.1'", ["claude-2.1"]),
        ("claude-2.1\r\ngpt-4\r\n", ["claude-2.1", "gpt-4"]),
        ("claude-2.1 claude-2.1", ["claude-2.1", "claude-2.1"]),
        ("llama3:8b", ["llama3:8b"]),
        ("@cf/meta/llama-2", ["@cf/meta/llama-2"]),
        ("text.with.dots.", ["text.with.dots"]),
        # parts of other words
        ("my-claude-2.1", []),
        ("xclaude-2.1", []),
        ("claude-2.10", []),
        ("claude-2.1-beta", []),
        ("claude-2.1_old", []),
        ("claude-2.1.5", []),
        ("claude-2", []),
        ("gpt-4-turbo", []),
        ("gpt-4.5", []),
        ("gpt-4.json", []),
        ("prompts/gpt-4.txt", []),
        ("gpt-4/prompt.txt", []),
        ("TheBloke/gpt-4", []),
        ("llama3:8b-instruct", []),
        ("user@gpt-4", []),
        ("GPT-4", []),
        ("gpt-4-{version}", []),
        ("gpt-4-*", []),
        ("text.with", []),
        ("openai/" + "x" * 2_000 + "/gpt-4", []),
        # the longest counts
        ("claude-opus-4-8-fast", ["claude-opus-4-8-fast"]),
        ("claude-opus-4-8", ["claude-opus-4-8"]),
        ("gpt-4o gpt-4.1 gpt-4", ["gpt-4o", "gpt-4.1", "gpt-4"]),
        ("anthropic/claude-3-opus", ["anthropic/claude-3-opus"]),
        ("openrouter/anthropic/claude-3-opus", ["anthropic/claude-3-opus"]),
        ("anthropic.claude-v2:1", ["anthropic.claude-v2:1"]),
        ("us.anthropic.claude-v2:1", ["anthropic.claude-v2:1"]),
        ("gemini-1.5-pro-001", ["gemini-1.5-pro-001"]),
        ("gemini-1.5-pro@001", ["gemini-1.5-pro-001"]),
        # what people write around them
        ("anthropic/claude-3-opus-20240229", ["claude-3-opus-20240229"]),
        ("Anthropic/claude-3-opus-20240229", ["claude-3-opus-20240229"]),
        ("anthropic:claude-3-opus-20240229", ["claude-3-opus-20240229"]),
        ("mygateway/claude-3-opus-20240229", ["claude-3-opus-20240229"]),
        ("models/gemini-1.5-pro", ["gemini-1.5-pro"]),
        ("google/gemini-1.5-pro", ["gemini-1.5-pro"]),
        ("openai:chat:gpt-4", ["gpt-4"]),
        ("litellm_proxy/openai/gpt-4o", ["gpt-4o"]),
        ("bedrock/anthropic.claude-3-opus-20240229-v1:0", ["claude-3-opus-20240229"]),
        ("anthropic.claude-3-opus-20240229-v1:0:200k", ["claude-3-opus-20240229"]),
        ("anthropic.claude-opus-4-8-v1", ["claude-opus-4-8"]),
        ("claude-opus-4-8-v1", []),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", ["claude-haiku-4-5-20251001"]),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", ["claude-haiku-4-5-20251001"]),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-opus-20240229-v1:0",
            ["claude-3-opus-20240229"],
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-3-opus-20240229-v1:0",
            ["claude-3-opus-20240229"],
        ),
        ("vertex_ai/claude-3-opus@20240229", ["claude-3-opus-20240229"]),
        ("claude-3-opus@20240229", ["claude-3-opus-20240229"]),
        ("vertex_ai/gemini-1.5-pro@latest", ["gemini-1.5-pro"]),
        ("publishers/anthropic/models/claude-3-opus@20240229:streamRawPredict", ["claude-3-opus-20240229"]),
        ("models/gemini-1.5-pro:generateContent", ["gemini-1.5-pro"]),
        ("models/gemini-1.5-pro:predict", ["gemini-1.5-pro"]),
        ("deepseek/deepseek-r1:free", ["deepseek/deepseek-r1"]),
        ("openrouter/deepseek/deepseek-r1:nitro", ["deepseek/deepseek-r1"]),
        ("ft:gpt-4o:my-org:name:abc123", ["gpt-4o"]),
        # addresses
        ("https://api.anthropic.com/v1/models/claude-2.1", ["claude-2.1"]),
        ("https://api.anthropic.com/v1/models/claude-2.1?beta=true", ["claude-2.1"]),
        ("https://api.anthropic.com/v1/models/claude-2.1/", ["claude-2.1"]),
        ("https://x.googleapis.com/v1beta/models/gemini-1.5-pro:streamGenerateContent", ["gemini-1.5-pro"]),
        ("https://bedrock.us-east-1.amazonaws.com/model/anthropic.claude-v2:1/invoke", ["anthropic.claude-v2:1"]),
        ("https://huggingface.co/meta-llama/Llama-2-7b", ["meta-llama/Llama-2-7b"]),
        ("https://huggingface.co/meta-llama/Llama-2-7b/tree/main", ["meta-llama/Llama-2-7b"]),
        ("https://openrouter.ai/anthropic/claude-3-opus", ["anthropic/claude-3-opus"]),
        ("{endpoint}/openai/deployments/gpt-4/chat/completions", ["gpt-4"]),
        ("https://example.org/blog/claude-2.1-is-here", []),
        ("https://example.org", []),
        # ids that could be any word
        ("o3", []),
        ('"o3"', ["o3"]),
        ("'o3'", ["o3"]),
        ('"openai/o3"', ["o3"]),
        ("openai/o3", []),
        ('"use o3 now"', []),
        ('"o3-x"', []),
        ('"./o3"', []),
        ('"/models/o3"', []),
        ('"https://example.org/o3"', []),
        ("model: o3", []),
        ("o3-mini", ["o3-mini"]),
        ("davinci", []),
        ("'davinci'", ["davinci"]),
        ("1.0.0", []),
        ('"1.0.0"', ["1.0.0"]),
        # ids of other characters
        ("my model", []),
        ('"my model"', ["my model"]),
        ("'my model' `my model`", ["my model", "my model"]),
        ("\"my model'", []),
        ('"not my model"', []),
        ('"modèle-1"', ["modèle-1"]),
        ('"x+y-1"', ["x+y-1"]),
        # no text at all
        ("", []),
        ("\n\n\n", []),
        (b"\xff\xfe\x00claude-2.1\xff", ["claude-2.1"]),
        (b"\xf0\x9f claude-2.1 \xc3", ["claude-2.1"]),
    ],
)
def test_a_known_id_is_found_as_a_whole_word(text: str | bytes, ids: list[str]) -> None:
    assert found(text) == ids


@pytest.mark.parametrize(
    ("text", "slips"),
    [
        ('"claude-opsu-4-8"', ["?claude-opsu-4-8"]),
        ("'claude-opus-48'", ["?claude-opus-48"]),
        ("`clade-opus-4-8`", ["?clade-opus-4-8"]),
        ('"laude-opus-4-8"', ["?laude-opus-4-8"]),
        ('"claude-opus-4-9"', ["?claude-opus-4-9"]),
        ('"claude-3-opus-20240228"', ["?claude-3-opus-20240228"]),
        ('"claude-3-opus-202402"', ["?claude-3-opus-202402"]),
        ('"Claude-opus-4-8"', ["?Claude-opus-4-8"]),
        (r'"{\"model\": \"claude-opsu-4-8\"}"', ["?claude-opsu-4-8"]),
        ('{"model":"claude-opsu-4-8"}', ["?claude-opsu-4-8"]),
        ('"anthropic/claude-opsu-4-8"', ["?claude-opsu-4-8"]),
        ('"antropic/claude-3-opus"', ["?antropic/claude-3-opus"]),
        ('"gtp-4o"', ["?gtp-4o"]),
        ('"gpt-5o"', ["?gpt-5o"]),
        # not quoted as a whole
        ("claude-opsu-4-8", []),
        ('"use claude-opsu-4-8"', []),
        ("\"claude-opsu-4-8'", []),
        # further than two letters, or another word
        ('"claude-opus-4-8-new"', []),
        ('"claude-sonnet-4-8"', []),
        ('"gpt-55"', []),
        ('"apt-4x"', []),
        ('"o4"', []),
        ('"o3-mxxi"', []),
        # known after all
        ('"claude-opus-4-8"', ["claude-opus-4-8"]),
        ('"gpt-4.1"', ["gpt-4.1"]),
        ('"anthropic/gpt-4"', ["gpt-4"]),
        # a family, or a version of its own
        ('"claude-opus-4"', []),
        ('"claude-haiku-4-5"', []),
        ('"claude-2"', []),
        ('"claude-opus-4-8-1"', []),
        ('"claude-2.1.0"', []),
        # files, paths, addresses, versions, patterns
        ('"claude-2.py"', []),
        ('"claude-2.js"', []),
        ('"claude-2.h"', []),
        ('"./claude-2.2"', []),
        ('"/claude-2.2"', []),
        ('"https://example.org/models/claude-2.2"', []),
        ('"1.0.1"', []),
        ('"claude-"', []),
        ('"claude-2..1"', []),
        ('"claude-opus-4-?"', []),
        ('"claude-opus-4-8@"', ["claude-opus-4-8"]),
        ('"my modal"', []),
    ],
)
def test_misspelt_is_a_quoted_text_that_is_a_slip_of_an_id(text: str, slips: list[str]) -> None:
    assert found(text) == slips


def test_the_closest_ids_are_named() -> None:
    (spot,) = NAMES.spots(b'"gpt-4a"')
    assert NAMES.near(spot.slips) == {"gpt-4a": ["gpt-4", "gpt-4o"]}
    assert NAMES.near([]) == {}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("claude-2.1 # catalog: ignore", []),
        ("claude-2.1 # catalog:ignore", []),
        ("<!-- catalog: ignore --> claude-2.1", []),
        ('"claude-opsu-4-8" // catalog: ignore, it is a test', []),
        ("# catalog: ignore\nclaude-2.1", ["claude-2.1"]),
        ("claude-2.1\n# catalog: ignore", ["claude-2.1"]),
        ("claude-2.1 # catalog: ignore\r\nclaude-2.1\n", ["claude-2.1"]),
        ("gpt-4 claude-2.1 # catalog: ignore\ngpt-4", ["gpt-4"]),
        ("claude-2.1 # catalog: ignored", ["claude-2.1"]),
        ("claude-2.1 # ignore", ["claude-2.1"]),
        ("claude-2.1 # catalog ignore", ["claude-2.1"]),
    ],
)
def test_a_line_may_ask_to_be_ignored(text: str, ids: list[str]) -> None:
    assert found(text) == ids


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("gpt-4", [(1, 1)]),
        ("\n\n  gpt-4 gpt-4o\ngpt-4", [(3, 3), (3, 9), (4, 1)]),
        ("äöü gpt-4 € gpt-4", [(1, 5), (1, 13)]),
        ("x\r\n\tgpt-4", [(2, 2)]),
        ('x = "openai/gpt-4"', [(1, 13)]),
    ],
)
def test_a_place_is_a_line_and_a_column_of_characters(text: str, places: list[tuple[int, int]]) -> None:
    assert [(spot.line, spot.column) for spot in NAMES.spots(text.encode())] == places
    later = [(line + 6, column + 4 if line == 1 else column) for line, column in places]
    assert [(spot.line, spot.column) for spot in NAMES.spots(text.encode(), 7, 5)] == later


@pytest.mark.parametrize(
    ("text", "place"), [("", (3, 4)), ("ab", (3, 6)), ("ä", (3, 5)), ("a\n", (4, 1)), ("a\n\nbc", (5, 3))]
)
def test_a_text_that_goes_on_begins_where_the_one_before_ends(text: str, place: tuple[int, int]) -> None:
    assert scan.after(text.encode(), 3, 4) == place


def test_the_text_and_the_source_stand_as_they_are_written() -> None:
    spots = NAMES.spots(b"anthropic/claude-3-opus@20240229 MYGATEWAY:gpt-4 openai/gpt-4")
    assert [(spot.text, spot.id, spot.source) for spot in spots] == [
        ("claude-3-opus@20240229", "claude-3-opus-20240229", "anthropic"),
        ("gpt-4", "gpt-4", "MyGateway"),
        ("gpt-4", "gpt-4", None),
    ]


def test_words_without_an_id_are_known_again_and_never_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_CACHED", 3)
    names = Names(["gpt-4"])
    text = b" ".join(b"a.%d" % number for number in range(20)) + b" gpt-4"
    for _ in range(2):
        assert [spot.id for spot in names.spots(text)] == ["gpt-4"]
        assert len(names._dull) <= 3


def test_an_id_stands_alone_beside_any_byte_that_is_no_part_of_words() -> None:
    glue = set(string.ascii_letters + string.digits + "-")
    for byte in range(256):
        beside = bytes([byte])
        is_glue = chr(byte) in glue
        behind = found(b" gpt-4" + beside + b" ")
        assert behind == ([] if is_glue and chr(byte) != "o" else ["gpt-4o" if chr(byte) == "o" else "gpt-4"]), beside
        assert (found(b" " + beside + b"gpt-4 ") == []) == is_glue, beside


def test_without_ids_nothing_is_found() -> None:
    assert found('"gpt-4" "gtp-4"', Names([])) == []


def test_it_finds_what_a_slow_reader_finds() -> None:
    rng = random.Random(7)
    ids = ["".join(rng.choice("ab-.") for _ in range(rng.randint(5, 8))) for _ in range(200)]
    ids = [id for id in ids if scan._is_strong(id) and id.strip("._-") == id]
    names = Names(ids)
    for _ in range(200):
        words = [rng.choice([*ids, "".join(rng.choice("ab-.") for _ in range(6)).strip("._-")]) for _ in range(20)]
        spots = names.spots(" ".join(words).encode())
        assert [spot.id for spot in spots] == [word for word in words if word in ids]
