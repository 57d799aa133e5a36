"""Look-up by author and by edge between records."""

from shelf.storage.segments import read_all


def by_author(folder, author):
    return [record for record in read_all(folder) if record.get("author") == author]


def edges(folder):
    """Every pair of records that cite each other."""
    found = []
    for left in read_all(folder):
        for right in read_all(folder):
            if right["id"] in left.get("cites", []):
                found.append((left["id"], right["id"]))
    return found


def neighbours(folder, name, depth, seen, limit, order, kind):
    if depth == 0:
        return seen
    for left, right in edges(folder):
        if left == name and right not in seen:
            seen.append(right)
            neighbours(folder, right, depth - 1, seen, limit, order, kind)
    return seen
