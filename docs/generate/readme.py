"""The parts of the README that are made from elsewhere: exit codes, and the first recipes of the cookbook."""

from docs.generate import cookbook, exits, parts

# Which questions of the cookbook the README answers as well.
CHOSEN = (
    "What is listed now?",
    "What was listed on a day?",
    "What is gone, and since when?",
    "What is missing, but not yet believed to be gone?",
    "Which models are new this week?",
    "What happened since I looked last?",
    "What changed in one month?",
    "How many models came, went and changed, month by month?",
    "What is its story?",
    "What was it on a day?",
    "Which models came back after they were gone?",
    "Which listed models retire next?",
    "Which retirement dates moved?",
    "Which listed models can think?",
    "Which fields change most often?",
    "How fresh is it?",
    "Which runs failed, and why?",
    "Which alerts were not taken yet?",
)


def renewed(text: str) -> str:
    """Give the README with its generated parts written anew."""
    return parts.renewed(text, {"exit codes": exits.table, "cookbook": recipes})


def recipes() -> str:
    """Give the chosen recipes, word for word, in the cookbook's order."""
    known = cookbook.answers()
    return "".join(f"### {cookbook.alone(title)}\n\n{known[title]}\n\n" for title in CHOSEN)
