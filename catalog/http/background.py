"""Runs a function in a daemon thread: one that hangs delays neither the caller nor the end of the process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def start(work: Callable[[], Result], *, name: str) -> Future[Result]:
    """Start `work`; the Future gets its result or its exception."""
    # No executor: the interpreter joins the threads of executors when it exits.
    future: Future[Result] = Future()
    threading.Thread(target=_run, args=(work, future), name=name, daemon=True).start()
    return future


def _run(work: Callable[[], Result], future: Future[Result]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - the caller gets it from the Future
        future.set_exception(error)
    else:
        future.set_result(result)
