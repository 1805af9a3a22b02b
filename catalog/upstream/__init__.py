"""The API that is read: asks for pages, reads them, judges a walk."""
