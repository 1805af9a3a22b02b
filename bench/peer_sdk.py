"""A sync as written by hand: the official SDK's iterator and a merge per model with SQLAlchemy's ORM. No history.

python bench/peer_sdk.py URL FOLDER
"""

import sys
from datetime import datetime
from pathlib import Path

import anthropic
from sqlalchemy import JSON, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

COMMIT_EACH = 1000


class Base(DeclarativeBase):
    """The tables."""


class Model(Base):
    """A model of the list."""

    __tablename__ = "models"

    id: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    created_at: Mapped[datetime]
    other: Mapped[dict[str, object]] = mapped_column(JSON)


def main() -> None:
    """Load the list once."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    engine = create_engine(f"sqlite:///{folder / 'sdk.db'}")
    Base.metadata.create_all(engine)
    client = anthropic.Anthropic(api_key="bench", base_url=url)
    with Session(engine) as session:
        for number, model in enumerate(client.models.list(limit=1000), start=1):
            other = model.to_dict(mode="json")
            known = {name: other.pop(name, None) for name in ("id", "display_name", "created_at")}
            session.merge(Model(**{**known, "created_at": model.created_at}, other=other))
            if number % COMMIT_EACH == 0:
                session.commit()
        session.commit()
    print(number)


if __name__ == "__main__":
    main()
