"""What interviews teach, and how far each journal was learned."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "lessons",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("interview", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_lessons")),
    )
    op.create_index(op.f("ix_lessons_subject_n"), "lessons", ["subject", "n"])
    op.create_index(op.f("ix_lessons_interview_n"), "lessons", ["interview", "n"])
    op.create_table(
        "learned",
        sa.Column("interview", _TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("interview", name=op.f("pk_learned")),
    )


def downgrade() -> None:
    op.drop_table("learned")
    op.drop_table("lessons")
