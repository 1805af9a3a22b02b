"""Copies of a whole catalog, in one form for both databases, and their restoration."""
