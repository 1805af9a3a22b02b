"""A catalog of the models an API lists, and of how that list changed: `catalog.open(URL)`."""

TYPE_CHECKING = False  # as typing has it, which takes long to import
if TYPE_CHECKING:
    from catalog.library import Catalog
    from catalog.library import open_ as open  # noqa: A004 - of this package, as of gzip or tarfile

__version__ = "0.2.0"
__all__ = ["Catalog", "__version__", "open"]


def __getattr__(name: str) -> object:
    """Import the library when it is first asked for: the command line, and who wants a version, need none of it."""
    if name not in {"Catalog", "open"}:
        raise AttributeError(f"module 'catalog' has no attribute {name!r}")
    from catalog import library

    return library.open_ if name == "open" else library.Catalog
