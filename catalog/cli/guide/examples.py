"""What ends the help of each command: examples that can be typed as they stand, and the global options."""

import click

GLOBAL = "Takes --config FILE, -q, -v and --log-format [text|json], too: catalog --help"

# Examples of each command, without the word `catalog`, each with what it does.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "demo": (
        ("demo", "play it into catalog-demo.db"),
        ("demo --web", "and show it in a browser"),
    ),
    "init": (
        ("init", "write catalog.toml"),
        ("init --api openrouter", "write a source of OpenRouter's API"),
        ("init --api groq - >> catalog.toml", "add another source"),
    ),
    "apis": (
        ("apis", "names and keys"),
        ("apis --json", "all that is known of them"),
    ),
    "check": (
        ("check", "look at all that is used later"),
        ("check --send", "ping and send samples, too"),
    ),
    "sync": (
        ("sync", "read all lists"),
        ("sync anthropic --dry-run", "only say what would change"),
        ("sync -q", "for cron: changes and problems alone"),
        ("sync anthropic --accept-removals", "believe what was held"),
        ("sync --json", "all of it for a program"),
    ),
    "backfill": (
        ("backfill anthropic answers", "answers that lie in a folder"),
        ("backfill anthropic --git . models.json", "the history of a file in git"),
    ),
    "run": (
        ("run", "read all lists, again and again"),
        ("run anthropic --log-format json", "one of them, for a collector of logs"),
    ),
    "models": (
        ("models", "what is listed now"),
        ("models --match opus", "whose ids have opus in them"),
        ("models --retiring 90d", "what retires soon"),
        ("models --as-of 2026-06-01", "what was listed then"),
        ("models --json", "for a program"),
    ),
    "show": (
        ("show claude-opus-4-6", "its fields, dates and story"),
        ("show claude-opus-4-6 --json", "for a program"),
    ),
    "changes": (
        ("changes --since 7d", "what changed this week"),
        ('changes --kind removed --model "claude-*"', "which models left"),
    ),
    "diff": (
        ("diff 30d", "from 30 days ago until now"),
        ("diff 2026-01-01 2026-06-30", "between two days"),
    ),
    "runs": (
        ("runs --limit 20", "the last runs"),
        ("runs --source anthropic --json", "of one source, for a program"),
    ),
    "sql": (
        ("sql --recipe retiring", "what retires next"),
        ("sql --recipe new --param since=30d --csv", "with a value, for a program"),
        ('sql "SELECT id FROM models WHERE line IS NULL"', "a query of your own"),
        ("sql --recipes", "what the cookbook has"),
    ),
    "status": (
        ("status", "is all well?"),
        ("status --json", "for a program"),
    ),
    "alerts": (
        ("alerts list", "what is pending or dead"),
        ("alerts test team", "send a sample to the channel team"),
    ),
    "alerts list": (
        ("alerts list", "what is pending or dead"),
        ("alerts list --all --json", "and what was delivered, for a program"),
    ),
    "alerts test": (
        ("alerts test team", "send samples to the channel team"),
        ("alerts test team --type changes --print", "only show one of them"),
    ),
    "alerts send": (("alerts send", "send all that is pending, now"),),
    "alerts drop": (
        ("alerts drop --dead", "what no channel took"),
        ("alerts drop team", "what is pending for a channel"),
    ),
    "alerts retry": (
        ("alerts retry", "try all dead ones again"),
        ("alerts retry team", "those of the channel team"),
    ),
    "web": (
        ("web", "on this machine alone"),
        ("web --listen 0.0.0.0:8460", "for other machines, too"),
    ),
    "publish": (("publish site", "write the pages into the folder site"),),
    "watch": (("watch check claude-opus-4-6", "is this model still fine?"),),
    "watch check": (
        ("watch check", "those that [watch] names"),
        ("watch check claude-opus-4-6 claude-haiku-4-5", "these models"),
        ("watch check --days 90 --json", "a longer look ahead, for a program"),
        ("watch check --live --file models.txt", "with a key and no catalog"),
    ),
    "watch scan": (
        ("watch scan .", "where does this code name models?"),
        ("watch scan src --days 90", "a longer look ahead"),
        ("watch scan . --live --format github", "in GitHub Actions, with a key and no catalog"),
        ("watch scan . --catalog site", "asks what `catalog publish site` wrote"),
    ),
    "db": (
        ("db backup catalog.copy", "copy the catalog while others use it"),
        ("db verify", "does the history hold together?"),
    ),
    "db upgrade": (
        ("db upgrade", "after the program was upgraded"),
        ("db upgrade --sql", "only print the statements"),
    ),
    "db current": (("db current", "the revision"),),
    "db check": (("db check", "are the tables those of this program?"),),
    "db verify": (("db verify", "does the history hold together?"),),
    "db prune": (
        ("db prune --older-than 90d --dry-run", "how many records would go"),
        ("db prune --older-than 90d", "let them go"),
    ),
    "db backup": (("db backup catalog.copy", "make a copy, or none"),),
    "db restore": (
        ("db restore catalog.copy", "into a database without a catalog"),
        ("db restore catalog.copy --replace", "in place of the one that is there"),
    ),
    "help": (
        ("help sync", "as catalog sync --help"),
        ("help db backup", "of a command below another"),
    ),
    "completion": (
        ("completion bash >> ~/.bashrc", "for bash, from the next shell on"),
        ("completion zsh >> ~/.zshrc", "for zsh"),
        ("completion fish > ~/.config/fish/completions/catalog.fish", "for fish"),
    ),
}


def end_help(command: click.Command, path: str) -> None:
    """Let the help of a command end with its examples; `path` is its name, after that of the group."""
    typed = EXAMPLES.get(path, ())
    width = max((len(line) for line, _ in typed), default=0)
    lines = [f"  catalog {line:<{width}}  {words}" for line, words in typed]
    head = ["Example:" if len(lines) == 1 else "Examples:"] if lines else []
    blocks = [block for block in ([*head, *lines], [GLOBAL]) if block]
    command.epilog = "\n\n".join("\n".join(["\b", *block]) for block in blocks)
