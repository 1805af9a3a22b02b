"""`./dev bench`: everything side by side in one run, medians, one table."""

import argparse

from bench import backfill, cron, databases, peers, providers, questions, scan, syncs, table, web
from bench.table import Row

ALL = ("syncs", "providers", "cron", "questions", "web", "scan", "backfill")


def main() -> None:
    """Measure what is asked for and print the table."""
    options = _options()
    if options.peers:
        print(table.text(peers.rows(options.models, options.rounds)))
        return
    with databases.servers(options.kinds) as server:
        found: list[Row] = []
        if "syncs" in options.parts:
            many = syncs.Syncs(options.models, server, options.kinds)
            many.measure(options.rounds)
            few = syncs.Syncs(min(10_000, options.models), server, options.kinds)
            few.measure(1)
            found += many.rows() + syncs.memory_rows(many, few)
        if "providers" in options.parts:
            found += providers.rows(options.hub_models, options.hub_rounds, server, options.kinds)
        if "cron" in options.parts:
            found += cron.rows(server, times=5 if options.quick else 20)
        if "questions" in options.parts:
            found += questions.rows(server, options.kinds, options.models)
        if "web" in options.parts:
            found += web.rows(server, options.kinds, options.models)
        if "scan" in options.parts:
            found += scan.rows(options.models, 100 if options.quick else 1000)
        if "backfill" in options.parts:
            found += backfill.rows(server, options.kinds, backfill.LOOKS // 10 if options.quick else backfill.LOOKS)
    print(table.text(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--models", type=int, help="how long the list is (1,000,000; the Hub's: 2,500,000)")
    parser.add_argument("--rounds", type=int, help="how often everything is repeated (3; the Hub: once)")
    parser.add_argument("--quick", action="store_true", help="100,000 models, one round: only a first impression")
    parser.add_argument("--only", dest="parts", action="append", choices=ALL, help="only this part")
    parser.add_argument("--kind", dest="kinds", action="append", choices=syncs.KINDS, help="only this database")
    parser.add_argument("--peers", action="store_true", help="measure beside dlt and the official SDK instead")
    options = parser.parse_args()
    options.hub_models = options.models or (100_000 if options.quick else 2_500_000)
    options.hub_rounds = options.rounds or 1
    options.models = options.models or (100_000 if options.quick or options.peers else 1_000_000)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.parts = tuple(options.parts or ALL)
    options.kinds = tuple(options.kinds or syncs.KINDS)
    return options


if __name__ == "__main__":
    main()
