"""`catalog watch scan`: which files of a code base name a model that is retiring, gone or misspelt."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

import click

from catalog import logs, watch
from catalog.cli.building import builds, tree
from catalog.cli.building.annotations import annotation
from catalog.cli.building.builds import AskedPlace
from catalog.cli.context import Context, pass_context
from catalog.cli.terminal import output, table
from catalog.errors import Exit, NoCatalogError
from catalog.scan import Names, Spot, after
from catalog.text import counted, harmless
from catalog.watch import WatchFinding
from catalog.wiring.lists import Lists

_MISSPELT = "misspelt"
_CLOSE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanFinding:
    """One place that names a model which is leaving, is gone, or was never listed under that spelling."""

    file: str
    line: int
    column: int
    id: str  # of the model; as it is written, where that is misspelt
    verdict: str
    source: str | None
    text: str
    retires_at: datetime | None = None
    removed_at: datetime | None = None
    did_you_mean: tuple[str, ...] = ()


@click.command("scan")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@builds.build_options
@pass_context
def command(context: Context, *, paths: Sequence[Path], days: int, origin: AskedPlace, form: str) -> int:
    """Say which files name a model that is retiring, gone or misspelt, with the line of each.

    Of a folder, the files that git tracks are read; where there is no git, all but binary ones. Comments and lock files
    count. A line may say `catalog: ignore`.

    An id counts as a whole word, with or without what people write around it: anthropic/ID, models/ID,
    us.anthropic.ID-v1:0, ID@20240229. One of fewer than five characters, or without - / . and :, counts only as a whole
    quoted text. Misspelt is a quoted text that is one or two letters from a known id, and is in no list.

    The exit codes are those of `catalog watch check`. With --live, only what is listed now is known: retiring and
    misspelt ids are found, and ids that are gone are not.
    """
    try:
        with builds.opened(context, origin) as known:
            scan = _Scan(known, days)
            for path in _files(context, paths):
                scan.read(path)
            found = scan.findings()
    except NoCatalogError as failure:
        return builds.no_catalog(context, failure, origin)
    _print(found, form)
    if not scan.files:
        context.start_logs().warning("there is no file to read", extra=logs.event("scan.nothing"))
    elif form == "text":
        context.say(_summary(found, scan.files), "scan.done", files=scan.files, found=len(found))
    verdicts = {each.verdict for each in found}
    code = Exit.UNKNOWN if _MISSPELT in verdicts else Exit.RETIRING if verdicts else Exit.DONE
    return builds.told_stale(context, known, scan.hanging(), form) or code


def _files(context: Context, paths: Sequence[Path]) -> Iterator[Path]:
    def warn(words: str) -> None:
        context.start_logs().warning("%s", words, extra=logs.event("scan.unsure"))

    yield from dict.fromkeys(chain.from_iterable(tree.files(path, warn) for path in paths))


class _Scan:
    """Reads file after file, and keeps the places that matter."""

    def __init__(self, known: Lists, days: int) -> None:
        self._known, self._days = known, days
        self._names = Names(known.ids(), known.names)
        self._fares: dict[str, list[WatchFinding]] = {}  # at each source, by id
        self._kept: list[tuple[str, Spot]] = []
        self.files = 0  # so many were looked at
        self._misspelt: Mapping[str, Sequence[str]] = {}

    def read(self, path: Path) -> None:
        """Look at one file."""
        self.files += 1
        line, column, spots = 1, 1, list[Spot]()
        for block in tree.blocks(path):
            spots += self._names.spots(block, line, column)
            line, column = after(block, line, column)
        new = {spot.id for spot in spots if spot.id} - self._fares.keys()
        for fares in self._known.judge(sorted(new), self._days) if new else ():
            self._fares.setdefault(fares.id, []).append(fares)
        self._kept += [(str(path), spot) for spot in spots if spot.slips or self._leaving(spot)]

    def findings(self) -> list[ScanFinding]:
        """Say what is wrong, once all files were read."""
        self._misspelt = self._names.near(chain.from_iterable(spot.slips for _, spot in self._kept))
        return [found for file, spot in self._kept for found in self._of(file, spot)]

    def hanging(self) -> set[str]:
        """Name the stale lists that the verdicts hang on: all of them where no list is fresh."""
        stale = {each.name for each in self._known.stale}
        if stale >= {*self._known.asked}:
            return stale
        found = chain.from_iterable(self._fares.values())
        return watch.unproven([*self._fares, *self._misspelt], found, stale)

    def _leaving(self, spot: Spot) -> list[WatchFinding]:
        """Give how its model fares where it is leaving: at the source that is named before it, if that one has it."""
        fares = self._fares[spot.id or ""]
        meant = [each for each in fares if each.source == spot.source] or fares
        return [each for each in meant if each.state in watch.LEAVING]

    def _of(self, file: str, spot: Spot) -> Iterator[ScanFinding]:
        if spot.id:
            for fares in self._leaving(spot):
                yield ScanFinding(
                    file=file,
                    line=spot.line,
                    column=spot.column,
                    id=spot.id,
                    verdict=fares.state,
                    source=fares.source,
                    text=fares.text,
                    retires_at=fares.retires_at,
                    removed_at=fares.removed_at,
                )
        for slip in [each for each in spot.slips if each in self._misspelt][:1]:
            close = tuple(self._misspelt[slip][:_CLOSE])
            yield ScanFinding(
                file=file,
                line=spot.line,
                column=spot.column + len(spot.text) - len(slip),
                id=slip,
                verdict=_MISSPELT,
                source=None,
                text=f"it is in no list; did you mean {', '.join(close)}?",
                did_you_mean=close,
            )


def _print(found: Iterable[ScanFinding], form: str) -> None:
    if form == "json":
        output.array(map(asdict, found))
    for one in found if form != "json" else ():
        where = f" at {one.source}" if one.source else ""
        if form == "github":
            words = f"{one.id}{where}: {': '.join(filter(None, [one.verdict, one.text]))}"
            title, path = f"model {one.verdict}", Path(one.file)
            output.line(annotation("error", words, title=title, path=path, line=one.line, column=one.column))
        else:
            place = harmless(f"{one.file}:{one.line}:{one.column}: {one.id} ")
            print(f"{place}{_painted(one.verdict)}{harmless(f'{where}: {one.text}' if one.text else where)}")  # noqa: T201 - harmless, but for our colour


def _painted(verdict: str) -> str:
    is_coloured = output.coloured(sys.stdout)
    return table.painted(verdict, "yellow" if verdict == "retiring" else "red") if is_coloured else verdict


def _summary(found: Sequence[ScanFinding], read: int) -> str:
    if not found:
        return f"nothing found in {counted(read, 'file')}"
    verdicts = ", ".join(f"{number:,} {verdict}" for verdict, number in Counter(each.verdict for each in found).items())
    named = len({each.file for each in found})
    return f"{counted(len(found), 'finding')} in {named:,} of {counted(read, 'file')}: {verdicts}"
