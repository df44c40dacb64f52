"""The first tables: ledger, journal, outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")  # where it is there, no right is needed for this
    op.create_table(
        "claims",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("person", _TEXT, nullable=False),
        sa.Column("interview", _TEXT, nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("hold_until", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("starts < ends", name=op.f("ck_claims_forward")),
        sa.PrimaryKeyConstraint("key", "person", name=op.f("pk_claims")),
        ExcludeConstraint(
            ("person", "="),
            ("interview", "<>"),
            (sa.text("int8range(starts, ends)"), "&&"),
            name=op.f("ex_claims_overlap"),
        ).ddl_if(dialect="postgresql"),
    )
    op.create_index(op.f("ix_claims_person_ends"), "claims", ["person", "ends"])
    op.create_index(op.f("ix_claims_interview_ends"), "claims", ["interview", "ends"])
    op.create_table(
        "releases",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_releases")),
    )
    op.create_table(
        "journal",
        sa.Column("interview", _TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", _TEXT, nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("interview", "seq", name=op.f("pk_journal")),
    )
    op.create_table(
        "outbox",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("message_id", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("smtp_code", sa.Integer(), nullable=True),
        sa.Column("address_is_bad", sa.Boolean(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_outbox")),
    )


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("journal")
    op.drop_table("releases")
    op.drop_table("claims")
