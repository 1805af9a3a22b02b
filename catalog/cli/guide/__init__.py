"""How a user finds a way: help, examples, names that a shell completes, and words for what was mistyped."""
