"""Work in a thread that nobody has to wait for: one that hangs delays neither the caller nor the end of the process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def start(work: Callable[[], Result], *, name: str) -> Future[Result]:
    """Begin `work` at once; its result, or whatever it raised, is in the Future. An executor would join it at exit."""
    future: Future[Result] = Future()
    threading.Thread(target=_carry_out, args=(work, future), name=name, daemon=True).start()
    return future


def _carry_out(work: Callable[[], Result], future: Future[Result]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - carried to the caller, who asked for the result
        future.set_exception(error)
    else:
        future.set_result(result)
