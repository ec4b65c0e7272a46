"""Readers that open a store without a pause while versions are released into it."""

from collections import Counter

READERS = 8


def test_eight_readers(fault, children, contents, view, tmp_path):
    """Each sees nothing, then one version, then the next; whole, and never less than before."""
    store, until = tmp_path / "store", tmp_path / "until"
    order = list(contents.values())
    with fault("8 readers during two releases") as row:
        readers = [
            children.start("read", store=str(store), dataset="photometry", until=str(until))
            for _ in range(READERS)
        ]
        releases = [children.run("release", store=str(store), version="8.0")]
        releases += [children.run("release", store=str(store), version="9.0", seed=2)]
        assert [made.value["content"] for made in releases] == order
        until.touch()
        answers = [children.wait(reader) for reader in readers]
        seen = Counter()
        for answer in answers:
            assert answer.value, answer
            problems = answer.value["problems"]
            is_ordered = answer.value["versions"] in (order, order[:1], order[1:], [])
            problems += [] if is_ordered else [f"seen in this order: {answer.value['versions']}"]
            seen += Counter(answer.value["seen"])
            for problem in problems:
                row.add(problem, lost=1)
            row.add(times=sum(map(answer.value["seen"].get, answer.value["versions"])))
        end = view(store, *contents)
        row.add(str(end), lost=end.lost, times=0)
    print(f"{seen['not found']} times nothing was there, {row.tried} times a version")
    assert seen[order[0]] > 0
