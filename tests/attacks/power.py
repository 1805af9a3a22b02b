"""A SQLite file and its write-ahead log, as a power cut leaves them on a disk."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

SECTOR = 512
_HEADER, _FRAME_HEADER = 32, 24


@dataclass(frozen=True, kw_only=True)
class Disk:
    """The bytes of both files."""

    file: bytes
    log: bytes

    def put(self, path: Path) -> None:
        """Lay them down. The index of the log is lost: it is never on a disk."""
        log_of(path).with_name(f"{path.name}-shm").unlink(missing_ok=True)
        path.write_bytes(self.file)
        log_of(path).write_bytes(self.log)


def take(path: Path) -> Disk:
    """Copy both files while somebody has them open."""
    return Disk(file=path.read_bytes(), log=log_of(path).read_bytes())


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def end_of(log: bytes) -> int:
    """Where the log's last frame ends; what follows is left from before the log began anew."""
    if len(log) < _HEADER:
        return 0
    page_size = struct.unpack(">I", log[8:12])[0]
    end, salts = _HEADER, log[16:24]
    while log[end + 8 : end + 16] == salts:
        end += _FRAME_HEADER + page_size
    return end


def half_copied(before: Disk, after: Disk, step: int) -> Iterator[tuple[int, Disk]]:
    """Give each way in which the copying of the log into the file may stop short; the log is there still."""
    old = before.file.ljust(len(after.file), b"\0")
    for place in range(0, len(after.file) + 1, step):
        yield place, replace(before, file=after.file[:place] + before.file[place:])
        yield place, replace(before, file=old[:place] + after.file[place:])


def damages(before: Disk, after: Disk, ends: Iterable[int], step: int) -> Iterator[tuple[str, int, Disk]]:
    """Give each way in which the writing of the log may stop short: its name, where it begins, what is on the disk.

    Up to where the damage begins, everything was written; it begins at each step, and where the log had an end, and a
    byte before that. `before` is what the log held before it was written.
    """
    end = end_of(after.log)
    old = before.log.ljust(end, b"\0")
    for place in sorted({*range(0, end, step), *ends, *(max(0, place - 1) for place in ends)}):
        new, lost = after.log[:place], place - place % SECTOR
        logs = {
            "cut": (place, new),
            "zeroed": (place, new.ljust(len(after.log), b"\0")),
            "never written": (place, new + old[place:]),
            "torn": (place, new + old[place : place + 2048] + after.log[place + 2048 :]),
            "a sector lost": (lost, after.log[:lost] + bytes(SECTOR) + after.log[lost + SECTOR :]),
        }
        for name, (begins, log) in logs.items():
            yield name, first_difference(log, after.log, begins, end), replace(after, log=log)


def first_difference(log: bytes, whole: bytes, begins: int, end: int) -> int:
    """Where damage really begins: zeros may have been written, too."""
    if len(log) <= begins:
        return begins
    mine, other = log[begins:end].ljust(end - begins, b"\1"), whole[begins:end]
    return next((begins + number for number, (a, b) in enumerate(zip(mine, other, strict=True)) if a != b), end)
