"""Somebody else's API: asking for pages, reading them, judging a walk."""
