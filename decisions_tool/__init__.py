"""Plan work on several tracks and settle design questions, with every step one git commit."""

__version__ = "0.1.0"
