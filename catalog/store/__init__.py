"""Everything that says SQL."""
