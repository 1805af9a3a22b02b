"""Sends a service manager READY, WATCHDOG and STOPPING, by the protocol of systemd's sd_notify.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress


def notify(state: str, environ: Mapping[str, str]) -> None:
    """Send a line such as READY=1 to $NOTIFY_SOCKET; without that, or when nothing listens there, do nothing."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        sender.sendall(state.encode())


def watchdog(environ: Mapping[str, str]) -> float | None:
    """Give the seconds between two WATCHDOG=1: half of what is allowed. None: the manager expects none."""
    allowed = environ.get("WATCHDOG_USEC", "")
    meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(allowed) / 2_000_000 if meant and allowed.isdecimal() and int(allowed) else None
