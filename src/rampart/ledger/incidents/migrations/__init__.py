"""Migrations of the ledger's tables, by alembic."""
