"""Runs the migrations of one tree on the connection that migrate.py hands over."""

from alembic import context

_attributes = context.config.attributes
context.configure(
    connection=_attributes["connection"], version_table_schema=_attributes["schema"], transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
