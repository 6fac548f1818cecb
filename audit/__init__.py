"""The log that nobody can alter unseen."""
