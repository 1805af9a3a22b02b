"""A folder that a catalog is published into: which of its files are ours, and how they come, change and go.

`catalog.json` names every file of ours, and is written last; until then, `.catalog-publish` names those that are new.
So a run that was killed leaves whole files, older and newer, and the next run ends it.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from catalog import dates, files
from catalog.errors import ConfigError
from catalog.web import names

MANIFEST = "catalog.json"
_JOURNAL = ".catalog-publish"
_NAME = re.compile(r"(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*[A-Za-z0-9_~-][A-Za-z0-9._~-]*")  # of a file of ours
_MODE = 0o644  # a web server is another user


class FolderBusyError(Exception):
    """Another process is writing into the folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a run wrote, and from what."""

    version: str = ""  # a digest of the program's pages
    settings: str = ""  # a digest of all that shapes the pages
    as_of: str = ""
    change_id: int = 0  # of the last change
    uid: str = ""  # a digest of that change's: after a restore, another one may have its number
    missing: Sequence[str] = ()  # addresses of models
    sources: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # how fresh each list is
    files: Mapping[str, str] = field(default_factory=dict)  # digests, by path


class Folder:
    """The folder that is written into."""

    def __init__(self, path: Path, journal: "Journal", progress: Callable[[int], object]) -> None:
        """Read what the last run left. Raises ConfigError for a folder that is not ours."""
        self.path, self.before = path, _manifest(path)
        self._journal, self._progress = journal, progress
        self._ours = {*self.before.files, *journal.begun()}
        self._files: dict[str, str] = {}
        self._written: list[Path] = []

    def put(self, name: str, body: bytes) -> None:
        """Write a file, unless it is there already. Raises ConfigError when another one has its name."""
        place = self._place(name)
        if not self._holds(name, body):
            if name not in self._ours:
                if place.exists():
                    raise self._taken(name, place)
                self._journal.note(name)
            place.parent.mkdir(parents=True, exist_ok=True)
            with files.replacing(place, mode=_MODE, is_synced=False) as unfinished:
                unfinished.write_bytes(body)
            self._written.append(place)
        self._files[name] = digest(body)
        self._progress(len(self._files))

    def _taken(self, name: str, place: Path) -> ConfigError:
        """Say why a new file cannot have its name."""
        twin = names.twin(name, self._files)
        if twin is None or not place.samefile(self.path / twin):
            return ConfigError(
                f"{place} is no file of a published catalog", hint="move it away, or name another folder"
            )
        both = f"{names.told(twin)} and {names.told(name)}"
        words = f"{both} differ in case alone, and the disk of {self.path} takes their files for one"
        return ConfigError(words, hint="publish to a disk that tells them apart, or leave one out by publish.models")

    def keep(self, paths: Sequence[str]) -> bool:
        """Leave files as they are; False: one of them is not there."""
        kept = {name: self.before.files[name] for name in paths if name in self.before.files}
        if len(kept) < len(paths) or not all((self.path / name).is_file() for name in paths):
            return False
        self._files |= kept
        self._progress(len(self._files))
        return True

    def seal(self, manifest: Manifest) -> dict[str, int]:
        """Delete what is no longer written, and name the rest."""
        unchanged, gone = len(self._files) - len(self._written), sorted(self._ours - {*self._files, MANIFEST})
        known = [Path(name) for name in {*self._ours, *self._files, MANIFEST}]
        for parent in filter(Path.is_dir, {self._place(str(path.parent)) for path in known}):
            files.sweep(parent, {path.name for path in known})
        for name in gone:
            self._place(name).unlink(missing_ok=True)
            for above in (self.path / name).relative_to(self.path).parents[:-1]:
                with suppress(OSError):  # it holds something still
                    (self.path / above).rmdir()
        told = {**asdict(manifest), "files": dict(sorted(self._files.items()))}
        body = f"{json.dumps(told, indent=1)}\n".encode()
        # The manifest names nothing that a power cut may take.
        for path in (*self._written, *{place.parent for place in self._written}):
            files.sync(path)
        if not self._holds(MANIFEST, body):
            with files.replacing(self._place(MANIFEST), mode=_MODE) as unfinished:
                unfinished.write_bytes(body)
        self._journal.end()
        return {"written": len(self._written), "unchanged": unchanged, "deleted": len(gone)}

    def _place(self, name: str) -> Path:
        """Give where a file is. Raises ConfigError where a link leads out of the folder: what is there is not ours."""
        place = self.path.resolve() / name
        if place.resolve() != place:
            words = f"{self.path / name} lies behind a symbolic link: nothing is written or deleted there"
            raise ConfigError(words, hint="remove the link, or name another folder")
        return place

    def _holds(self, name: str, body: bytes) -> bool:
        try:
            return (self.path / name).read_bytes() == body
        except OSError:
            return False


class Journal:
    """The names of new files, until the manifest has them; the lock on its file keeps other processes out."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def begun(self) -> set[str]:
        """Give the new files of a run that did not end."""
        told = os.pread(self._handle, os.fstat(self._handle).st_size, 0).decode(errors="replace")
        return {line for line in told.split("\n")[:-1] if _NAME.fullmatch(line)}

    def note(self, name: str) -> None:
        """Name a file before it appears. Raises OSError when there is no room for all of its name."""
        os.lseek(self._handle, 0, os.SEEK_END)
        line = f"\n{name}\n".encode()  # behind one that a full disk may have cut
        if os.write(self._handle, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def end(self) -> None:
        """Forget them: the manifest names them now."""
        os.ftruncate(self._handle, 0)


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        words = f"the pages cannot be written to {folder} ({error.strerror})"
        raise ConfigError(words, hint="check publish.folder, its owner, and the room on its disk") from None


def demand(folder: Path) -> None:
    """Refuse a folder that holds something else, or cannot be written to; nothing is made. Raises ConfigError."""
    there = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    words = ""
    if not there.is_dir():
        words = f"{there} is no folder"
    elif not os.access(there, os.W_OK | os.X_OK):
        words = f"this user may not write to {there}"
    if words:
        raise ConfigError(f"the pages cannot be written to {folder}: {words}", hint="name another folder")
    if there != folder:
        return
    others = [each.name for each in folder.iterdir() if each.name not in {_JOURNAL, MANIFEST}]
    if others and not any((folder / name).exists() for name in (_JOURNAL, MANIFEST)):
        words = f"{folder} is not empty, and holds no published catalog"
        raise ConfigError(words, hint="name an empty folder, or one that does not exist yet")
    _manifest(folder)


@contextmanager
def held(folder: Path) -> Iterator[Journal]:
    """Hold a folder for this process alone, and make it where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    demand(folder)
    handle = os.open(folder / _JOURNAL, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderBusyError from None
        yield Journal(handle)
    finally:
        os.close(handle)


def _manifest(folder: Path) -> Manifest:
    """Read what the last run left. Raises ConfigError for what no run of ours wrote: it may name files of others."""
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        return _checked(Manifest(**told))
    except FileNotFoundError:
        return Manifest()
    except (ValueError, TypeError, RecursionError):
        words = f"{folder / MANIFEST} is no manifest of a published catalog"
        raise ConfigError(words, hint="name another folder, or empty this one") from None


def _checked(told: Manifest) -> Manifest:
    """Raises ValueError for values that no run writes."""
    dates.from_text(told.as_of)
    texts = (told.version, told.settings, told.uid, *told.missing, *dict(told.files).values())
    if not all(isinstance(text, str) for text in texts) or type(told.change_id) is not int:
        raise ValueError("its values are of other types")
    if not all(_NAME.fullmatch(name) for name in told.files):
        raise ValueError("it names files that are none of a folder of ours")
    return told


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
