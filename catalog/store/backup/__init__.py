"""Copies of a whole catalog, in one form for both databases, and what a restore must see to."""
