"""The database itself: opening it, transactions, locks, and what its drivers say, on SQLite and Postgres alike."""
