"""`catalog watch scan` of a large code base, against a catalog of many models: one pass, in one process.

The tree is made of Python's own library, copied until it is large enough. In each copy other names are put for two
common ones, so that a copy brings words that no earlier one had. Every tenth file names models.
"""

import random
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import databases, lists, process, table
from bench.table import Row

SECONDS = 180  # of one processor: on a machine that others use, the clock says nothing of the program
MEMORY = 500  # MB
EACH = 10  # so many files for one that names models
SLIPS = 20  # misspelt ids in the whole tree


def rows(models: int, megabytes: int) -> list[Row]:
    """Fill a catalog by a sync, make the tree, scan it once, and delete both."""
    with (
        process.served(models) as server,
        databases.fresh("sqlite", None) as contender,
        tempfile.TemporaryDirectory(prefix="catalog-bench-") as folder,
    ):
        contender.configure(server.url)
        process.run(process.CATALOG, "sync", "-q", "--config", contender.config)
        files = _grow(Path(folder), models, megabytes * 1_000_000)
        scan = ("watch", "scan", "--config", contender.config, folder)
        cost = process.run(process.CATALOG, *scan, code=11)  # some are misspelt
    what = f"scan of {megabytes:,} MB in {files:,} files, {models:,} models"
    return [
        table.at_most(f"{what}, processor time", cost.cpu, SECONDS, unit="s"),
        Row(what="the same on the clock", measured=f"{cost.seconds:.0f} s"),
        table.at_most("peak memory of the scan", cost.memory / 1e6, MEMORY, unit="MB"),
    ]


def _grow(folder: Path, models: int, size: int) -> int:
    """Write files until they are large enough together; give their number."""
    rng, files, written = random.Random(lists.SEED), 0, 0
    for files, text in enumerate(_texts(), start=1):
        named = [lists.id_of(rng.randrange(models)) for _ in range(3 if files % EACH == 0 else 0)]
        if files % EACH == 0 and files // EACH <= SLIPS:
            named.append(named[0].replace("claude", "cluade"))
        body = text + "".join(f'\nMODEL = "{id}"\n' for id in named).encode()
        path = folder / f"{files // 1000:03}" / f"{files}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        written += len(body)
        if written >= size:
            break
    return files


def _texts() -> Iterator[bytes]:
    library = [path.read_bytes() for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))]
    copy = 0
    while True:
        copy += 1
        for text in library:
            yield text.replace(b"self", b"it%d" % copy).replace(b"_", b"_%d" % copy)
