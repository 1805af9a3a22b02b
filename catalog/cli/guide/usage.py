"""Words for what was typed wrongly: the library's own ones are for programmers, and give no way out."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from shlex import quote

import click

from catalog import spelling
from catalog.errors import CatalogError

_BOUNDS = re.compile(r"(.+) is not in the range (?:(?=x>=|-?\d+<=x)(?:x>=)?(-?\d+)(?:<=x)?)?(?:(?:x)?<=(-?\d+))?\.")
_LONG = 9  # digits; a greater bound protects the database, and says nothing to people
_NO_CHOICE = re.compile(r"(.+) is not (?:one of )?('.+')\.", re.DOTALL)
_NO_NUMBER = re.compile(r"(.+) is not a valid (?:integer|float)(?: range)?\.")
_NO_VALUE = re.compile(r"Option '(.+)' requires (?:an argument|\d+ arguments)\.")
_VALUE = re.compile(r"Option '(.+)' does not take a value\.")
_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
_TAKING = ("--model", "--match", "--source")  # options that may be meant by a name without one; the first counts


def explained(error: click.ClickException, meant: Mapping[str, str]) -> CatalogError:
    """Give the failure in our words, with what to type; `meant` names a command for what it is called elsewhere."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context else "catalog"
    hint = f"{where} --help"
    if isinstance(error, click.exceptions.NoSuchCommand) and context is not None:
        return CatalogError(_no_command(error.command_name, context, meant), hint=hint)
    if isinstance(error, click.NoSuchOption) and context is not None:
        options = {name.lstrip("-"): name for each in context.command.get_params(context) for name in each.opts}
        guess = _guess(_close(error.option_name.lstrip("-"), options))
        return CatalogError(f'{where} has no option "{error.option_name}"{guess}', hint=hint)
    message = error.format_message()
    extra = _EXTRA.match(message)
    if extra is not None and context is not None:
        return CatalogError(f'{where} takes no "{extra[1]}"', hint=_option_for(extra[1], context) or hint)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return CatalogError(f"{where} needs {_needed(error.param, context)}", hint=hint)
    if isinstance(error, click.BadParameter) and error.param is not None:
        message = f"{_name(error.param, context)}: {_plain(error.message)}"
    message = _NO_VALUE.sub(r"\1 needs a value", _VALUE.sub(r"\1 takes no value", message))
    return CatalogError(message, hint=hint)


def _name(parameter: click.Parameter, context: click.Context | None) -> str:
    """Name an option or an argument as the help does."""
    if isinstance(parameter, click.Argument) and context is not None:
        return str(parameter.name).upper() if _choices(parameter) else parameter.make_metavar(context).strip("[]")
    return max(parameter.opts, key=len)


def _needed(parameter: click.Parameter, context: click.Context | None) -> str:
    """Name what is missing, and what may stand there where that is a matter of a few words."""
    few = f": {', '.join(_choices(parameter))}" if _choices(parameter) else ""
    return f"{_name(parameter, context)}{few}"


def _choices(parameter: click.Parameter) -> list[str]:
    return list(parameter.type.choices) if isinstance(parameter.type, click.Choice) else []


def _no_command(name: str, context: click.Context, meant: Mapping[str, str]) -> str:
    """Name the command that is spelled or meant alike."""
    group = context.command
    known = dict.fromkeys(group.list_commands(context)) if isinstance(group, click.Group) else {}
    words = {**{each: each for each in known}, **({} if context.parent else meant)}
    below = f" below `{context.command_path}`" if context.parent else ""
    return f'there is no command "{name}"{below}{_guess(_close(name, words))}'


def _close(typed: str, words: Mapping[str, str]) -> str | None:
    """Give what the word stands for that was meant: one with a slip, or one that was not typed to its end."""
    typed = typed.lower()
    alike = get_close_matches(typed, words, n=len(words) or 1, cutoff=0.5)
    near = (word for word in alike if spelling.slips(typed, word) or word.startswith(typed))
    return words.get(next(near, ""))


def _guess(name: str | None) -> str:
    return f'; did you mean "{name}"?' if name else ""


def _option_for(typed: str, context: click.Context) -> str | None:
    """Give the command with the option that a name without one may be meant for."""
    known = {name for parameter in context.command.params for name in parameter.opts}
    option = next((name for name in _TAKING if name in known), None)
    return f"{context.command_path} {option} {quote(typed)}" if option and " " not in typed else None


def _plain(words: str) -> str:
    """Say what is wrong with a value."""
    if found := _NO_CHOICE.fullmatch(words):
        choices = found[2].strip("'").replace("', '", ", ")
        return f"{found[1]} is not one of {choices}"
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
