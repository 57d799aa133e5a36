"""A small catalogue service."""
