"""From the first page of a list to its last, and how far what was read can be trusted."""
