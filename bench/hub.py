"""Encoded pages of a list as the Hugging Face Hub has it: a bare array, and a header that leads on.

`hub` is the list, `hub-later` the same one on another day: every count that moves by itself has moved on every entry.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.lists import PAGE, Page

PATH = "/api/models"
MOVING = ("downloads", "likes", "trendingScore")  # what the source's row ignores
FAMILIES = 48
BASES = 5000  # models that others are made from; a name of one is among the tags of every third model
BIRTH = datetime(2022, 3, 3, tzinfo=UTC)


def pages(name: str, models: int) -> Iterator[Page]:
    """Cut the list into pages of a thousand. A full last page proves no end, so that it has an entry less."""
    models -= not models % PAGE
    day = {"hub": 1, "hub-later": 2}[name]
    families = [_family(number) for number in range(FAMILIES)]
    for first in range(0, models, PAGE):
        last = min(first + PAGE, models)
        entries = ",".join(_entry(number, day, *families[number % FAMILIES]) for number in range(first, last))
        follows = f'Link: <{PATH}?limit={PAGE}&sort=createdAt&cursor={last}>; rel="next"\r\n' if last < models else ""
        yield Page(f"[{entries}]".encode(), str(last), follows.encode())


def _entry(number: int, day: int, task: str, library: str, tags: str) -> str:
    id = f"{_owner(number)}/{_name(number)}"
    born = (BIRTH + timedelta(seconds=50 * number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if number % 3 == 0:  # much of the Hub was never described
        about, tags = "", '"region:us"'
    else:
        about = f'"pipeline_tag":"{task}","library_name":"{library}",'
    if number % 3 == 1:
        base = _name(number // FAMILIES * 7919 % BASES)
        tags = f'{tags},"base_model:{base}","base_model:finetune:{base}"'
    return (
        f'{{"_id":"{number * 7_368_787 % 2**48:012x}{number:012x}","id":"{id}","likes":{number * 31 % 977 + day},'
        f'"trendingScore":{number % 7 + day},"private":false,"downloads":{number * 137 % 99_991 + day},'
        f'"tags":[{tags}],{about}"createdAt":"{born}","modelId":"{id}"}}'
    )


def _owner(number: int) -> str:
    return f"lab-{number * 7919 % 400_009}"


def _name(number: int) -> str:
    return f"{('Qwen', 'Llama', 'gemma', 'bert')[number % 4]}-{number % 70}B-v{number}"


def _family(number: int) -> tuple[str, str, str]:
    task = ("text-generation", "fill-mask", "text-to-image", "image-classification", "text-classification")[number % 5]
    library = ("transformers", "diffusers", "peft", "sentence-transformers")[number % 4]
    licence = ("apache-2.0", "mit", "llama3.1", "openrail", "other", "gemma")[number % 6]
    language = ("en", "zh", "fr", "de", "multilingual", "ja", "es", "ko")[number % 8]
    tags = [library, "safetensors", task, language, "dataset:generator", "endpoints_compatible"]
    return task, library, json.dumps([*tags, f"license:{licence}", "region:us"], separators=(",", ":"))[1:-1]
