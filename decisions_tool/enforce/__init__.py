"""Decisions held against the code that they are about."""
