"""The shape of the catalog: tables, views, indexes, the rules of a sound history, and the way from older revisions."""
