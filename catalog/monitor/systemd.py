"""Tells a service manager how the program stands, as systemd's sd_notify does. Without one, nothing is told."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress


def notify(state: str, environ: Mapping[str, str]) -> None:
    """Send a line such as READY=1 to whoever listens at $NOTIFY_SOCKET; a manager that is gone is no failure."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        sender.sendall(state.encode())


def watchdog(environ: Mapping[str, str]) -> float | None:
    """Say how many seconds may pass between two WATCHDOG=1: half of what is allowed. None: nobody waits for them."""
    allowed = environ.get("WATCHDOG_USEC", "")
    meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(allowed) / 2_000_000 if meant and allowed.isdecimal() and int(allowed) else None
