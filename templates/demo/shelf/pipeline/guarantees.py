"""What has to hold for records, one by one and after a batch."""

SEEN = set()


def check_record(record):
    if "id" not in record:
        raise ValueError("a record needs an id")


def after_batch(folder):
    """Every cited record exists. Runs over everything after every batch."""
    from shelf.storage.index import edges
    from shelf.storage.segments import read_all

    # FIXME: what a batch added is not known here, so everything is read again
    names = [record["id"] for record in read_all(folder)]
    for left, right in edges(folder):
        for name in names:
            if name == right:
                SEEN.add((left, right))
