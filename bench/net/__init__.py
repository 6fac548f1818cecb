"""Faults of a network, made in namespaces of our own: each module is a script that prints one figure as JSON."""
