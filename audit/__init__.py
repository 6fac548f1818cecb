"""The tamper-evident log: nothing takes effect before its record is stored, and nothing stored can be altered
unseen.
"""
