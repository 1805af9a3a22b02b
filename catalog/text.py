"""Makes foreign text harmless for terminals, logs and files, and puts numbers before their nouns."""

# Joiners that scripts and emoji need, and the blanks that are no ASCII blank: not printable to Python, yet no danger.
_KEPT = frozenset("\u200c\u200d\u00a0\u3000\u202f")


def harmless(text: str) -> str:
    r"""Show control bytes, ANSI escapes, line breaks, bidi and other invisible characters as escapes: \x1b, \u202e."""
    if text.isprintable():
        return text
    # repr escapes exactly what is not printable, and in ASCII.
    return "".join(char if char.isprintable() or char in _KEPT else repr(char)[1:-1] for char in text)


def harmless_lines(text: str) -> str:
    """Do the same, but keep the line breaks: for our own texts that quote foreign ones."""
    return "\n".join(harmless(line) for line in text.split("\n"))


def counted(number: int, noun: str) -> str:
    """Say how many of a noun there are: 1 model, 1,000 models."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
