"""Benchmarks: what forwarding costs and how long joining takes, measured on the real server.

Method and figures: docs/benchmarks.md. Nothing in here is imported by the service.
"""
