"""Commands that read the catalog, and what they share."""
