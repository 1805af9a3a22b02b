"""The channel that runs a program of the user, without a shell; the JSON goes to its standard input."""

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from catalog.alerts.channels import TIMEOUT
from catalog.errors import ConfigError
from catalog.events import DeliveryError, Message
from catalog.text import harmless

WITHHELD = frozenset({"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"})
_POLL = 0.05  # seconds between two checks whether it has ended
_DYING = 1.0  # seconds to wait for a killed program
_PIECE = 65536
_KEPT = 4096  # last bytes of its standard error
_QUOTED = 200  # characters of them in an error


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """Runs the program once per message; exit code 0 means that it took the message."""

    argv: tuple[str, ...]
    timeout: float
    environment: Mapping[str, str]

    def send(self, message: Message) -> None:
        """Run the program with the payload. Raises DeliveryError unless it ends in time with exit code 0."""
        process = self._start()
        talk = _Talk(process, message.payload.encode())
        try:
            code = talk.until_exit(time.monotonic() + self.timeout)
        finally:
            talk.close()
        if code != 0:
            raise DeliveryError(f"{self._name} {_ending(code, self.timeout)}{talk.quote()}")

    @property
    def _name(self) -> str:
        return harmless(os.path.basename(self.argv[0]))  # noqa: PTH119 - a name as typed, no file of ours

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - running what the configuration names is the feature
                self.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=self.environment,
                start_new_session=True,  # so that its children can be ended with it
            )
        except FileNotFoundError:
            raise DeliveryError(f"there is no program {self._name}") from None
        except (OSError, ValueError):
            raise DeliveryError(f"the program {self._name} cannot be run") from None


def open_(
    argv: Sequence[str],
    *,
    timeout: float = TIMEOUT,
    withheld: Collection[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> Command:
    """Give a channel that runs a program in this environment, without API keys and the variables in `withheld`."""
    kept = {name: value for name, value in environment.items() if name not in WITHHELD and name not in withheld}
    return Command(argv=tuple(argv), timeout=timeout, environment=kept)


def check(argv: Sequence[str]) -> None:
    """Raise ConfigError when there is no such program, or it may not be run."""
    if shutil.which(argv[0]) is None:
        name = harmless(os.path.basename(argv[0]))  # noqa: PTH119 - a name as typed, no file of ours
        hint = "write the whole path in `command`; a script must be executable (chmod +x)"
        raise ConfigError(f"there is no program {name} that can be run", hint=hint)


class _Talk:
    """Writes to a process and reads its standard error until it ends, even if it reads nothing, or leaves children.

    Popen.communicate would wait for children that keep the pipes open, and hold all output in memory.
    """

    def __init__(self, process: subprocess.Popen[bytes], text: bytes) -> None:
        self._said = b""
        self._process = process
        self._left = memoryview(text)
        self._selector = selectors.DefaultSelector()
        for pipe, event, turn in self._pipes():
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, event, turn)

    def _pipes(self) -> Iterator[tuple[IO[bytes], int, Callable[[int], bool]]]:
        if self._process.stdin is not None:
            yield self._process.stdin, selectors.EVENT_WRITE, self._write
        if self._process.stderr is not None:
            yield self._process.stderr, selectors.EVENT_READ, self._read

    def until_exit(self, deadline: float) -> int | None:
        """Give its exit code; None: it took too long, and was killed with all its children."""
        while (code := self._process.poll()) is None:
            if time.monotonic() >= deadline:
                os.killpg(self._process.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(_DYING)
                return None
            self._attend(_POLL)
        self._attend(0)
        return code

    def quote(self) -> str:
        """Give the end of its standard error, on one line and harmless."""
        text = harmless(" ".join(self._said.decode(errors="replace").split()))
        return f": {text[-_QUOTED:]}" if text else ""

    def close(self) -> None:
        self._selector.close()
        for pipe, _, _ in self._pipes():
            pipe.close()

    def _attend(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            try:
                done = key.data(key.fd)
            except BrokenPipeError:  # it may ignore its input
                done = True
            if done:
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr] # all of them are pipes

    def _write(self, pipe: int) -> bool:
        self._left = self._left[os.write(pipe, self._left[:_PIECE]) :]
        return not self._left

    def _read(self, pipe: int) -> bool:
        heard = os.read(pipe, _PIECE)
        self._said = (self._said + heard)[-_KEPT:]
        return not heard


def _ending(code: int | None, timeout: float) -> str:
    if code is None:
        return f"had not ended after {timeout:.3g} s and was killed"
    return f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
