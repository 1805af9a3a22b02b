"""`python -m catalog`: the program, where its command is not on the path."""

from catalog.cli import main

if __name__ == "__main__":
    main()
