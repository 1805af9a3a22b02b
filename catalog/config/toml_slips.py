"""What to do about a file that is no valid TOML, by how Python's words begin; the rest of them may quote the file."""

_TEXT = 'texts need quotes: name = "text"'

# How each of Python's texts begins, and what to do. https://toml.io/en/v1.0.0
_HINTS = {
    "Expected ']]'": "two brackets open such a table, and two close it: [[alerts]]",
    "Expected ']'": "a bracket closes the name of a table: [sources.anthropic]",
    "Invalid initial character": "the name of a table stands in its brackets: [sources.anthropic]",
    "Unclosed array": 'a list is closed by a bracket, with commas in between: ["one", "two"]',
    "Unclosed inline table": 'a brace closes what a brace opened: { url = "text" }',
    "Unterminated string": 'a text is closed by the quote that opened it: name = "text"',
    "Illegal character": 'a text is closed by the quote that opened it, on the same line: name = "text"',
    'Expected "\'"': "a text is closed by the quote that opened it: name = 'text'",
    "Unescaped '\\'": "a text with backslashes stands in single quotes: name = 'C:\\models'",
    "Cannot overwrite": "a setting, or a table, stands there for the second time: keep one of them",
    "Cannot declare": "that table stands there for the second time: put all its settings under one name",
    "Cannot redefine": "that table stands there for the second time: put all its settings under one name",
    "Expected '='": 'a setting is spelled name = "text"; a remark begins with #',
    "Invalid statement": 'a setting is spelled name = "text"; a remark begins with #',
    "Expected newline": 'a setting is alone on its line, and texts need quotes: name = "text"',
}


def hint(words: str) -> str:
    """Give the hint for a text of Python's TOMLDecodeError."""
    return next((told for begin, told in _HINTS.items() if words.startswith(begin)), _TEXT)
