"""What is worth telling, to whom, and how it is said. Knows no database."""
