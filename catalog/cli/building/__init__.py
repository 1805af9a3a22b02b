"""`catalog watch`: checks for the builds of programs that name models."""
