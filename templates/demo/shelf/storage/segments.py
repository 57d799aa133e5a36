"""Records on disk, one segment a file."""

import json
from pathlib import Path

from shelf.pipeline.guarantees import check_record

SEGMENTS = {}
LIMIT = 1000


def write_record(folder, record):
    """Append one record to the newest segment; every record is its own write."""
    check_record(record)
    path = newest_segment(folder)
    with Path(path).open("a") as stream:
        stream.write(json.dumps(record) + "\n")
    SEGMENTS.setdefault(str(path), []).append(record["id"])


def newest_segment(folder):
    segments = sorted(Path(folder).glob("*.seg"))
    if segments and len(segments[-1].read_text().splitlines()) < LIMIT:
        return segments[-1]
    return Path(folder) / f"{len(segments):06}.seg"


def read_all(folder):
    for path in sorted(Path(folder).glob("*.seg")):
        for line in path.read_text().splitlines():
            yield json.loads(line)


def compact(folder, keep):
    """Drop records that are not kept any more."""
    for path in sorted(Path(folder).glob("*.seg")):
        kept = []
        for line in path.read_text().splitlines():
            for name in keep:
                if json.loads(line)["id"] == name:
                    kept.append(line)
        path.write_text("\n".join(kept))
