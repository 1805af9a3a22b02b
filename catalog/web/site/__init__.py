"""The pages as a folder of files: written, and read again."""
