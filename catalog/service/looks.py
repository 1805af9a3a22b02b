"""Recorded answers, each with the time at which it was taken: from files, or from anything that can be read later."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from catalog import dates
from catalog.errors import AnswerError, CatalogError, ConfigError
from catalog.service import file_times
from catalog.service.file_times import Span

_ENDING = ".json"
_SAY_WHEN = "name the file by its time, such as 2025-03-01T12-00-00Z.json; or give it alone, with --at"
_NAMED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One recorded answer. It was taken after `begin` and by `end`; of a moment both are the same."""

    begin: datetime
    end: datetime
    name: str  # of its file or commit, for people
    read: Callable[[], bytes]  # raises AnswerError for what is gone, or cannot be read


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The looks in some files and folders, oldest first; `left_out` counts files of folders that are no `.json`."""

    looks: tuple[Look, ...]
    left_out: int = 0


def of_files(paths: Sequence[Path], *, at: Span | None, now: datetime, max_bytes: int) -> Found:
    """Find the answers in files and folders, with the times of their names; `at`: with this time, for one file.

    Raises ConfigError for a file without a time, for two answers of one time, and for a time to come.
    """
    files, left_out = dict[Path, tuple[str, ...]](), 0
    for path in paths:
        if _is_folder(path):
            inside = list(_inside(path))
            files |= {
                each: (each.stem, str(each.relative_to(path).with_suffix(""))) for each in inside if _is_answer(each)
            }
            left_out += sum(not _is_answer(each) for each in inside)
        else:
            files[path] = (path.stem, str(path.with_suffix("")))
    if not files:
        raise ConfigError("there is no recorded answer: folders hold answers as .json files")
    if at is not None and len(files) > 1:
        raise ConfigError(f"--at is the time of one file, and there are {len(files):,}", hint=_SAY_WHEN)
    spans = {path: at or _span(path, names) for path, names in files.items()}
    found = [_look(path, span, now, max_bytes) for path, span in spans.items()]
    return Found(looks=in_order(found, now), left_out=left_out)


def in_order(found: Sequence[Look], now: datetime) -> tuple[Look, ...]:
    """Give looks in the order of time. Equal answers of one time count once.

    Raises ConfigError when two times are the same or overlap, or lie in the future.
    """
    ordered = list[Look]()
    for look in sorted(found, key=lambda each: (each.begin, each.name)):
        if not (ordered and ordered[-1].begin == look.begin and _same(ordered[-1], look)):
            ordered.append(look)
    for before, look in pairwise(ordered):
        if look.begin <= before.end:
            words = f"{before.name} and {look.name} differ, and are of one time"
            raise ConfigError(words, hint="name both by hour and minute, or leave one out")
    if ordered and ordered[-1].begin > now:
        words = f"{ordered[-1].name} is of {dates.short(ordered[-1].begin)}, which is still to come"
        raise ConfigError(words, hint="check its time, and the clock of this machine; times without an offset are UTC")
    return tuple(ordered)


def _is_folder(path: Path) -> bool:
    """Tell a folder from a file. Raises ConfigError where there is neither, or it cannot be looked for."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(f"there is no file or folder {spelled(path)}") from None
    except OSError as error:
        _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    raise ConfigError(f"{spelled(Path(error.filename))} cannot be reached ({error.strerror})") from None


def _inside(folder: Path) -> Iterator[Path]:
    """Give the files in a folder and below it, without hidden ones.

    Raises ConfigError where one cannot be looked into: passed over, it would leave a hole in the history.
    """
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _is_answer(path: Path) -> bool:
    return path.suffix.lower() == _ENDING


def _span(path: Path, names: Sequence[str]) -> Span:
    try:
        span = file_times.of(*names)
    except ValueError as error:
        raise ConfigError(f"{spelled(path)}: {error}, so it is unclear when it was taken", hint=_SAY_WHEN) from None
    if span is None:
        raise ConfigError(f"{spelled(path)}: its name does not say when it was taken", hint=_SAY_WHEN)
    return span


def _look(path: Path, span: Span, now: datetime, max_bytes: int) -> Look:
    # Of a day that still lasts, only the time until now is known.
    end = max(span.begin, min(span.end, now))
    return Look(begin=span.begin, end=end, name=spelled(path), read=lambda: _read(path, max_bytes))


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(max_bytes + 1)
    except OSError as error:
        raise AnswerError(f"the file cannot be read: {os.strerror(error.errno or 0)}") from None
    return demand_size(body, max_bytes)


def demand_size(body: bytes, max_bytes: int) -> bytes:
    """Give an answer back. Raises AnswerError when it is larger than one may be."""
    if len(body) > max_bytes:
        raise AnswerError(
            f"the answer is larger than {max_bytes:,} bytes", hint="raise `max_page_bytes` of this source"
        )
    return body


def _same(first: Look, second: Look) -> bool:
    try:
        return first.read() == second.read()
    except CatalogError:
        return False


def spelled(path: Path) -> str:
    """Spell a path so that it can be stored, whatever bytes it has."""
    return os.fsencode(path).decode(errors="backslashreplace")
