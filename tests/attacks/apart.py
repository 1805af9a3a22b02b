"""The program on a machine whose clock is apart from that of the others.

python -m tests.attacks.apart SECONDS ARGUMENT...
"""

import sys
from datetime import datetime, timedelta, tzinfo

from apscheduler.schedulers import base

from catalog import clock


def shift(by: timedelta) -> None:
    """Let this process read another time of day, its scheduler included."""
    right = clock.utc_now

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + by

    base.datetime = Shifted
    clock.utc_now = lambda: right() + by


if __name__ == "__main__":
    shift(timedelta(seconds=float(sys.argv.pop(1))))
    from catalog import cli  # only now: it takes the clock as it is

    cli.main()
