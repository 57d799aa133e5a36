"""What readers call."""

from shelf.client.wire import encode, stream
from shelf.pipeline.runner import run
from shelf.storage.index import neighbours


def put(folder, records):
    # TODO: batches from the client are taken apart here
    run(folder, records, 3, None, "id", 100, False)


def get(folder, author):
    return list(stream(folder, author))


def related(folder, name):
    return [encode({"id": other}) for other in neighbours(folder, name, 2, [], 10, "id", "cites")]
