"""HTTP with anybody: one exchange, bounded in time and size, and in our own words why there was none."""
