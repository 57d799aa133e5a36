from shelf.storage.commit import commit


def test_commit_counts(tmp_path):
    assert commit(tmp_path, {"id": "a"}) == 1
