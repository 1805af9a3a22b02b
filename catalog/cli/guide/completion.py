"""`catalog completion`: prints the script that lets a shell complete commands, options and names."""

import click
from click import shell_completion

VARIABLE = "_CATALOG_COMPLETE"

# To bash each colon is a word, but ids hold some: the words are put together again, and what is offered is shortened
# by what stands before the last colon of the word that is typed.
_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' rest=$COMP_LINE words=() before='' at response type value

    for ((at = 0; at <= COMP_CWORD; at++)); do
        if ((at)) && [[ -n $rest && $rest != [[:space:]]* ]]; then
            words[${#words[@]} - 1]+=${COMP_WORDS[at]}
        else
            words+=("${COMP_WORDS[at]}")
        fi
        rest=${rest#*"${COMP_WORDS[at]}"}
    done
    [[ $COMP_WORDBREAKS != *:* || ${words[-1]} != *:* ]] || before=${words[-1]%%:*}:

    response=$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) %(complete_var)s=bash_complete "$1")

    while IFS=',' read -r type value; do
        case $type in
            dir) COMPREPLY=(); compopt -o dirnames ;;
            file) COMPREPLY=(); compopt -o default ;;
            plain) COMPREPLY+=("${value#"$before"}") ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(shell_completion.BashComplete):
    source_template = _BASH


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: str) -> None:
    """Print what lets SHELL complete commands, options, sources, channels and the ids of models."""
    from catalog import cli

    kind = _Bash if shell == "bash" else shell_completion.get_completion_class(shell)
    if kind is not None:
        click.echo(kind(cli.command, {}, "catalog", VARIABLE).source())
