"""The wire format: one record a message."""

import json

from shelf.storage.index import by_author
from shelf.storage.segments import read_all


def encode(record):
    return json.dumps(record).encode()


def stream(folder, author=None):
    records = by_author(folder, author) if author else read_all(folder)
    for record in records:
        yield encode(record)
