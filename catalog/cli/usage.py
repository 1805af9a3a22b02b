"""Words for what was typed wrongly: the library's own ones are for programmers, and give no way out."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

import click

from catalog.errors import CatalogError

_INVALID = re.compile(r"^Invalid value for '(?=-)([^']+)'")
_BOUNDS = re.compile(r"(.+) is not in the range (?:(?=x>=|-?\d+<=x)(?:x>=)?(-?\d+)(?:<=x)?)?(?:(?:x)?<=(-?\d+))?\.")
_LONG = 9  # digits; a greater bound protects the database, and says nothing to people
_NO_NUMBER = re.compile(r"(.+) is not a valid (?:integer|float)(?: range)?\.")
_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
_TAKING = ("--model", "--match", "--source")  # options that may be meant by a name without one; the first counts


def explained(error: click.ClickException, meant: Mapping[str, str]) -> CatalogError:
    """Give the failure in our words, with what to type; `meant` names a command for what it is called elsewhere."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context else "catalog"
    hint = f"{where} --help"
    if isinstance(error, click.exceptions.NoSuchCommand) and context is not None:
        return CatalogError(_no_command(error.command_name, context, meant), hint=hint)
    if isinstance(error, click.NoSuchOption):
        guess = _guess(next(iter(error.possibilities or ()), None))
        return CatalogError(f'{where} has no option "{error.option_name}"{guess}', hint=hint)
    message = error.format_message()
    extra = _EXTRA.match(message)
    if extra is not None and context is not None:
        return CatalogError(f'{where} takes no "{extra[1]}"', hint=_option_for(extra[1], context) or hint)
    if isinstance(error, click.BadParameter):
        message = _INVALID.sub(r"\1", message.replace(error.message, _plain(error.message)), count=1)
    return CatalogError(message, hint=hint)


def _no_command(name: str, context: click.Context, meant: Mapping[str, str]) -> str:
    """Name the command that is spelled or meant alike."""
    group = context.command
    known = dict.fromkeys(group.list_commands(context)) if isinstance(group, click.Group) else {}
    words = {**{each: each for each in known}, **({} if context.parent else meant)}
    close = get_close_matches(name.lower(), words, n=1, cutoff=0.5)
    below = f" below `{context.command_path}`" if context.parent else ""
    return f'there is no command "{name}"{below}{_guess(words[close[0]] if close else None)}'


def _guess(name: str | None) -> str:
    return f'; did you mean "{name}"?' if name else ""


def _option_for(typed: str, context: click.Context) -> str | None:
    """Give the command with the option that a name without one may be meant for."""
    known = {name for parameter in context.command.params for name in parameter.opts}
    option = next((name for name in _TAKING if name in known), None)
    return f"{context.command_path} {option} {typed}" if option and " " not in typed else None


def _plain(words: str) -> str:
    """Say what is wrong with a number."""
    if found := _NO_NUMBER.fullmatch(words):
        return f"{found[1]} is no whole number"
    found = _BOUNDS.fullmatch(words)
    if found is None:
        return words
    number, low, high = found.groups()
    if low is None or high is None or len(high) > _LONG:
        low = None if high and number.isdigit() and int(number) > int(high) else low
        return f"{number} is too small: at least {low}" if low else f"{number} is too great: at most {high}"
    return f"{number} is not between {low} and {high}"
