"""Letters by their Message-ID: each mail that comes back looks for a few of them."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_outbox_message_id"), "outbox", ["message_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_message_id"), "outbox")
