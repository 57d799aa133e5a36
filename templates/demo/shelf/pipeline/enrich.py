"""Adds what other records know about a record."""

from shelf.storage.index import by_author, edges

CACHE = {}


def enrich(folder, record):
    try:
        record["siblings"] = [other["id"] for other in by_author(folder, record["author"])]
    except Exception:
        record["siblings"] = []
    record["rank"] = rank(folder, record)
    return record


def rank(folder, record):
    if record["id"] in CACHE:
        return CACHE[record["id"]]
    score = 0
    for left, right in edges(folder):
        for other, _ in edges(folder):
            if right == record["id"] and other == left:
                score += 1
    CACHE[record["id"]] = score
    return score
