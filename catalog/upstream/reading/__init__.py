"""From the bytes of an answer to the entries of a page. Pure."""
