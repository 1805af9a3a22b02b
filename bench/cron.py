"""What a call from cron costs when nothing happened: processor time, for a list of 15 models."""

from bench import databases, process, table
from bench.process import Costs
from bench.table import Row
from tests import postgres

MODELS = 15


def rows(server: postgres.Server | None, times: int) -> list[Row]:
    """Measure in turns, and compare medians."""
    bare, click, helped = Costs(), Costs(), Costs()
    found = {}
    with process.served(MODELS) as lists:
        for kind in ("sqlite", "postgres"):
            found[kind] = _syncs(kind, server, lists.url, bare, times)
    for _ in range(times):
        click.add(process.run(process.PYTHON, "-c", "import click"))
        helped.add(process.run(process.CATALOG, "--help"))
    return [
        Row(what=f"bare script, {MODELS} models", measured=f"{bare.cpu * 1000:.0f} ms", work="1 x"),
        table.cpu_against("cron run, nothing changed, SQLite", found["sqlite"], bare, 3),
        table.cpu_against("cron run, nothing changed, Postgres", found["postgres"], bare, None),
        table.cpu_against("catalog --help / python -c 'import click'", helped, click, 1.5),
    ]


def _syncs(kind: str, server: postgres.Server | None, url: str, bare: Costs, times: int) -> Costs:
    costs = Costs()
    with databases.fresh(kind, server) as contender:
        contender.configure(url)
        process.run(process.CATALOG, "sync", "--config", contender.config)
        for _ in range(times):
            bare.add(process.run(process.PYTHON, process.ROOT / "bench" / "bare.py", url))
            costs.add(process.run(process.CATALOG, "sync", "-q", "--config", contender.config))
    return costs
