"""Database connection, schema and migrations."""
