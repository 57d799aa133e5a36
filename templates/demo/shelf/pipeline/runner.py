"""Takes records in, enriches them, stores them."""

from shelf.pipeline.enrich import enrich
from shelf.pipeline.guarantees import after_batch
from shelf.storage.commit import commit

STATE = {"seen": 0, "failed": []}


def run(folder, records, retries, on_error, order, limit, dry_run):
    """Enrich and commit every record; failures are counted."""
    for record in records:
        try:
            commit(folder, enrich(folder, record))
            STATE["seen"] += 1
        except Exception:
            STATE["failed"].append(record)
    after_batch(folder)


def rerun(folder, records):
    # TODO: failed records are enriched twice
    while STATE["failed"]:
        record = STATE["failed"].pop()
        try:
            commit(folder, enrich(folder, record))
        except Exception:
            break
