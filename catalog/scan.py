"""Finds ids of models in the text of a code base: known ones, and quoted ones that are a slip of a known one. Pure.

Text is cut into *words*, runs of the characters that ids are made of. An id counts as a whole word, or as what is left
of a word without the beginnings and endings that people write around ids: `anthropic/`, `models/`, `us.anthropic.`,
the host of a URL, `-v1:0`, `@20240229`, `:generateContent`. The longest id counts. One that could be any word (`o3`)
counts only as a whole quoted text.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from catalog import spelling

_SHORTEST = 5  # characters; a shorter id counts only when it is quoted
_LONGEST = 1_000  # characters; a longer word holds no id, but data
_CACHED = 500_000  # words that hold no id, to be known again
_WORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:@"
_AROUND = b"\"'`\\"  # kept beside words: what is quoted must be seen
_BLANK = 0x20
_BLANKED = bytes(byte if byte in _WORD + _AROUND else _BLANK for byte in range(256))
_SPELLED = re.compile(r"[A-Za-z0-9_./:@-]+")
_MARK = re.compile(r"[\"'`\\]")
_PART = re.compile(r"[^\"'`\\]+")
_SIGN = re.compile(r"[-/.:]")
_LETTER = re.compile(r"[A-Za-z]")
_QUOTED = re.compile(rb"[\"'`\n]")
_IGNORE = re.compile(rb"catalog:\s*ignore\b")
_BORDER = re.compile(r"[/:.@]")
_LOOSE = "/.:@_"  # at the ends of a word: a path, the end of a sentence, emphasis
_ESCAPES = "nrt"  # letters behind a backslash that are no part of a word

# What people write before an id, each followed by a slash, a colon or a dot; names of configured sources come to it.
_BEFORE = frozenset(
    """
    ai21 amazon anthropic apac azure azure_ai azure_openai azureml bedrock bedrock_converse cerebras chat cloudflare
    cohere cohere_chat completion converse databricks deepinfra deepseek deployment deployments engine engines eu
    fireworks fireworks_ai foundation-model ft gemini github github_copilot global google google-gla google-vertex
    google_genai google_vertexai groq huggingface inference-profile litellm litellm_proxy llm messages meta meta-llama
    mistral mistralai model models moonshot moonshotai nvidia nvidia_nim ollama ollama_chat openai openrouter
    perplexity publishers qwen replicate responses run sagemaker sambanova stability text-completion-openai together
    together_ai us us-gov vertex vertex_ai vertexai voyage watsonx writer x-ai xai
    """.split()  # noqa: SIM905 - a name a line would take a page
)
# What people write behind one.
_BEHIND = re.compile(
    r"""
      (-v\d+)?:\d+(:\d+k)?                                    # Bedrock's versions, and a number
    | :(beta|exacto|extended|floor|free|nitro|online|thinking)  # OpenRouter's variants
    | @[A-Za-z0-9.-]+                                          # Vertex AI's versions
    """,
    re.VERBOSE,
)
# The same, where what stands before leads to an id; Google's methods follow as models/ID:generateContent.
_BEHIND_LED = re.compile(rf"{_BEHIND.pattern} | -v\d+ | (@[A-Za-z0-9.-]+)?:(predict|[a-z]+[A-Z][A-Za-z]*)", re.VERBOSE)
_TAIL = re.compile(r"[:@]|-v\d")
# Names of files: no id is meant that is a slip of one.
_FILE = re.compile(
    r"\.(bin|c|cc|cfg|cjs|conf|cpp|cs|css|csv|db|env|gguf|go|gz|h|hpp|html?|ini|ipynb|java|jpe?g|js|jsonl?|jsx|kt|lock|"
    r"log|md|mjs|onnx|parquet|pdf|php|png|proto|pt|py|pyi|rb|rs|rst|safetensors|sh|sql|svg|tar|tf|toml|tsx?|txt|vue|whl|"
    r"xml|ya?ml|zip)$",
    re.IGNORECASE,
)
_ID = re.compile(r"(?!.*[/.:@][/.:@])[A-Za-z0-9][A-Za-z0-9_./:@-]*[A-Za-z0-9]")


class Spot(NamedTuple):
    """A place in a file that names a model."""

    line: int
    column: int  # characters, from 1
    text: str  # as it stands there
    id: str | None  # the id it names; None: it may be a slip of one
    slips: tuple[str, ...] = ()  # what of the text may be the slip
    source: str | None = None  # the source that is named before it


@dataclass(frozen=True, slots=True)
class _Found:
    """The same, inside a word."""

    start: int
    end: int
    id: str | None = None
    slips: tuple[str, ...] = ()
    source: str | None = None


class Names:
    """Every id that is known, and how it is recognised."""

    def __init__(self, ids: Iterable[str], sources: Collection[str] = ()) -> None:
        """`sources` are names that may stand before an id, too."""
        self._ids = frozenset(ids)
        self._sources = {name.lower(): name for name in sources}
        self._before = _BEFORE | self._sources.keys()
        leads = "|".join(map(re.escape, sorted(self._before)))
        self._around = re.compile(rf"[:@]|-v\d|(?:^|[/.])(?:{leads})[/.]", re.IGNORECASE)
        self._odd = {id.encode(): id for id in self._ids if not _SPELLED.fullmatch(id)}
        self._sieve: spelling.Sieve | None = None  # made when the first text needs it
        self._words: dict[bytes, tuple[_Found, ...]] = {}
        self._dull: set[bytes] = set()

    def spots(self, block: bytes, line: int = 1, column: int = 1) -> Iterator[Spot]:
        """Find the names in a text that begins at this line and column, in its order; a line may say `catalog: ignore`.

        Give whole lines, or text that is cut between two words.
        """
        found = sorted(self._places(block), key=lambda place: place[0])
        start, done, ignored = 0, 0, (0, 0, False)
        for at, word in found:
            lines = block.count(b"\n", done, at)
            if lines:
                line, column, start = line + lines, 1, block.rfind(b"\n", 0, at) + 1
            column += len(block[max(start, done) : at].decode(errors="replace"))
            done = at
            if not ignored[0] <= at < ignored[1]:
                ignored = _line(block, at)
            if not ignored[2]:
                text = block[at : at + word.end - word.start].decode(errors="replace")
                yield Spot(line, column, text, word.id, word.slips, word.source)

    def near(self, slips: Iterable[str]) -> Mapping[str, list[str]]:
        """Give for each text that may be a slip the ids that it is one of; none for what begins as an id does."""
        found = spelling.near(set(slips), self._ids)
        if not found:
            return {}
        borders = ((id, border.start()) for id in self._ids for border in _SIGN.finditer(id))
        begun = {id[:at] for id, at in borders if id[:at] in found}
        kept = {
            text: [id for id in ids if _is_strong(id) and not _goes_on(id, text)]
            for text, ids in found.items()
            if text not in begun
        }
        return {text: ids for text, ids in kept.items() if ids}

    def _places(self, block: bytes) -> Iterator[tuple[int, _Found]]:
        words = set(block.translate(_BLANKED).split()) - self._dull
        for word in words:
            if word not in self._words:
                self._learn(word)
            for found in self._words.get(word, ()):
                for at in _occurrences(block, word):
                    yield at + found.start, found
        for text in self._odd.keys() & set(_QUOTED.split(block)) if self._odd else ():
            for quote in (b'"', b"'", b"`"):
                at = block.find(quote + text + quote)
                while at >= 0:
                    yield at + 1, _Found(0, len(text), self._odd[text])
                    at = block.find(quote + text + quote, at + 1)

    def _learn(self, word: bytes) -> None:
        found = tuple(self._found(word.decode()))
        if found:
            self._words[word] = found
            return
        if len(self._dull) >= _CACHED:
            self._dull.clear()
        if len(word) <= _LONGEST:
            self._dull.add(word)

    def _found(self, word: str) -> Iterator[_Found]:
        for start, text, quoted in _parts(word):
            if len(text) > _LONGEST or not (quoted or _SIGN.search(text)):
                continue
            known = self._known(text, quoted=quoted)
            at = start
            if known is None and start and word[start - 1] == "\\" and text[0] in _ESCAPES:
                known, at = self._known(text[1:], quoted=False), start + 1
            if known is not None:
                yield _Found(at + known.start, at + known.end, known.id, source=known.source)
            elif quoted and (slips := tuple(self._slips(text))):
                yield _Found(start, start + len(text), slips=slips)

    def _known(self, text: str, *, quoted: bool) -> _Found | None:
        """Find the longest id in a word."""
        if text in self._ids and (quoted or _is_strong(text)):
            return _Found(0, len(text), text)
        if not self._around.search(text):  # worth a shortcut: nothing is written around it
            bare = text.strip(_LOOSE)
            return _Found(text.index(bare), len(text.rstrip(_LOOSE)), bare) if self._holds(bare) else None
        for start, end, source, id in self._readings(text):
            if self._holds(id) or (id in self._ids and quoted and end == len(text) and _is_whole(text, start)):
                return _Found(start, end, id, source=source)
        return None

    def _holds(self, id: str) -> bool:
        return id in self._ids and _is_strong(id)

    def _readings(self, text: str) -> Iterator[tuple[int, int, str | None, str]]:
        """Give what a word may name, the longest first: from where to where, the source named before it, and the id."""
        found = []
        for start, source in self._starts(text):
            for end in _ends(text, start):
                found.append((start, end, source, text[start:end]))
                if "@" in text[start:end]:  # Vertex AI writes so what others write with a hyphen
                    found.append((start, end, source, text[start:end].replace("@", "-")))
        return iter(sorted(found, key=lambda each: (-each[1], each[0])))

    def _starts(self, text: str) -> Iterator[tuple[int, str | None]]:
        """Give where an id may begin."""
        yield 0, None
        begin = len(text) - len(text.lstrip(_LOOSE))
        if begin:
            yield begin, None
        host = text.find("/", text.find("://") + 3) if "://" in text else -1
        for border in _BORDER.finditer(text):
            lead = text[begin : border.start()].lower()
            begin = border.end()
            if lead in self._before or border.start() == host:
                yield begin, self._sources.get(lead)

    def _slips(self, text: str) -> Iterator[str]:
        """Give what of a quoted text looks like an id, and may be a slip of one."""
        if not _is_strong(text) or "://" in text or _FILE.search(text):
            return
        if self._sieve is None:
            self._sieve = spelling.Sieve(list(filter(_is_strong, self._ids)))
        for start, _ in self._starts(text):
            slip = text[start:]
            if _is_whole(text, start) and _is_strong(slip) and _ID.fullmatch(slip) and self._sieve.passes(slip):
                yield slip


def after(block: bytes, line: int, column: int) -> tuple[int, int]:
    """Give the line and column behind a text that begins at these."""
    lines = block.count(b"\n")
    left = len(block[block.rfind(b"\n") + 1 :].decode(errors="replace"))
    return line + lines, left + (1 if lines else column)


def _is_strong(id: str) -> bool:
    """Tell whether an id can hardly be another word."""
    return len(id) >= _SHORTEST and bool(_SIGN.search(id) and _LETTER.search(id) and _SPELLED.fullmatch(id))


def _is_whole(text: str, start: int) -> bool:
    """Tell whether nothing stands before an id, or what people write before one; no path, and no address."""
    return start == 0 or (text[0] not in _LOOSE and "://" not in text)


def _parts(word: str) -> Iterator[tuple[int, str, bool]]:
    """Take a word apart at quotes: where each part begins, the part, and whether it is quoted as a whole."""
    if not _MARK.search(word):
        yield 0, word, False
        return
    for part in _PART.finditer(word):
        before, behind = word[: part.start()][-1:], word[part.end() :].removeprefix("\\")[:1]
        yield part.start(), part[0], before != "\\" and before == behind != ""


def _goes_on(id: str, text: str) -> bool:
    """Tell whether one of them is the other with a further part: a family, or another version of it."""
    longer, shorter = (id, text) if len(id) > len(text) else (text, id)
    return longer.startswith(shorter) and bool(_SIGN.match(longer, len(shorter)))


def _ends(text: str, start: int) -> list[int]:
    """Give where an id that begins here may end, the last first."""
    ends = [len(text)]
    if start:
        ends += [border.start() for border in _BORDER.finditer(text, start) if border[0] == "/"]
    if text[:start].endswith("ft:"):  # OpenAI's: ft:ID:organization:name:number
        ends += [text.find(":", start)]
    ends += [start + len(text[start:end].rstrip(_LOOSE)) for end in ends]
    tails = [tail.start() for tail in _TAIL.finditer(text, start)]
    behind = _BEHIND_LED if start else _BEHIND
    ends += [at for end in dict.fromkeys(ends) for at in tails if at < end and behind.fullmatch(text, at, end)]
    return sorted({end for end in ends if end > start}, reverse=True)


def _occurrences(block: bytes, word: bytes) -> Iterator[int]:
    """Give where a whole word stands."""
    at = block.find(word)
    while at >= 0:
        end = at + len(word)
        if (at == 0 or _BLANKED[block[at - 1]] == _BLANK) and (end == len(block) or _BLANKED[block[end]] == _BLANK):
            yield at
        at = block.find(word, at + 1)


def _line(block: bytes, at: int) -> tuple[int, int, bool]:
    """Give where the line at a place begins and ends, and whether it is to be ignored."""
    start, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
    end = len(block) if end < 0 else end
    return start, end + 1, _IGNORE.search(block, start, end) is not None
