"""Identification, identity numbers, sessions and tokens."""
