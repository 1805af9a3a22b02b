"""The parts of the README that are made from elsewhere."""

from catalog import recipes
from docs.generate import cookbook, parts


def renewed(text: str) -> str:
    """Give the README with its generated parts written anew."""
    return parts.renewed(text, {"recipe": _recipe})


def _recipe() -> str:
    return f"```sql\n{cookbook.pasted(recipes.recipe('retiring'), 'sqlite')}\n```\n"
