"""What a terminal shows: values as cells, rows as tables, and lines that change while lists are read."""
