"""Every row of `make bench` still runs, on a tiny piece of its work; the table tells the truth."""

import json
import time

import pytest

from harness import Row, Timed, Work, find, find_tallies
from harness.measure import measure
from harness.table import heading, line, notes, write_json
from harness.tally import table

ROWS = find(slow=True)


def in_soak(row):
    """A row; those that start processes wait for `make soak`, since starting takes so long."""
    marks = pytest.mark.soak if row.topic in ("opening", "pipeline") else ()
    return pytest.param(row, marks=marks, id=f"{row.topic}: {row.work}")


@pytest.mark.parametrize("row", [in_soak(row) for row in ROWS])
def test_row_runs(row):
    work = row.prepare(row.tiny)
    for made in (work.ours, work.peer, work.floor):
        try:
            done = None if made is None else made()
        except ImportError:
            assert made is not work.ours
            continue
        if done is not None:
            assert (done.items if isinstance(done, Timed) else done) > 0
    if work.error is not None:
        assert work.error() >= 0


def test_rows_have_names_of_their_own():
    names = [row.work for row in ROWS]
    assert len(names) == len(set(names))


def sleeper(seconds):
    return lambda: Timed(1, seconds)


def result(work, **settings):
    row = Row(work="some work", peer="a peer", prepare=lambda items: work, items=1, **settings)
    return measure(row, turns=3, least_seconds=0)


def test_ratio_and_floor_are_those_of_the_times():
    work = Work(ours=sleeper(0.02), peer=sleeper(1.0), floor=sleeper(0.01), error=lambda: 5e-4)
    got = result(work, needed=50, floor_limit=2)
    assert got.ratio == pytest.approx(50)
    assert got.floor_ratio == pytest.approx(2)
    assert got.ours_rate == pytest.approx(50)


@pytest.mark.parametrize(
    ("settings", "met"),
    [
        ({"needed": 49, "floor_limit": 2.1}, True),
        ({"needed": 51}, False),
        ({"floor_limit": 1.9}, False),
        ({"limit": 4e-4}, False),
    ],
)
def test_a_row_is_met_if_every_bound_is(settings, met):
    work = Work(ours=sleeper(0.02), peer=sleeper(1.0), floor=sleeper(0.01), error=lambda: 5e-4)
    got = result(work, note="tables were tried", **settings)
    assert got.met is met
    assert ("NOT MET" in line(got)) is not met
    assert ("tables were tried" in notes([got])) is not met


def test_times_of_an_item_are_shown_where_they_are_asked_for():
    got = result(Work(ours=sleeper(0.02), peer=sleeper(0.125)), milliseconds=True)
    assert " 20 ms" in line(got)
    assert " 125 ms" in line(got)
    assert got.ratio == pytest.approx(6.25)


def test_a_peer_that_is_not_installed_is_named():
    def absent():
        import a_peer_that_nobody_has  # noqa: F401

    got = result(Work(ours=sleeper(0.02), peer=absent), needed=50)
    assert got.met is None
    assert got.ratio is None
    assert "no peer" in line(got)
    assert "a_peer_that_nobody_has" in notes([got])


def test_what_does_not_time_itself_is_timed():
    def busy():
        end = time.process_time() + 0.01
        while time.process_time() < end:
            pass
        return 3

    assert result(Work(ours=busy)).ours_rate == pytest.approx(300, rel=0.2)


def test_json_holds_every_row_and_the_machine(tmp_path):
    got = result(Work(ours=sleeper(0.02), peer=sleeper(1.0)), needed=50)
    counts = {"a bit flipped": {"ours": (2, 2), "theirs": (1, 2)}, "undone": {"ours": (1, 1)}}
    write_json(tmp_path / "bench.json", [got], {"tampering": counts})
    read = json.loads((tmp_path / "bench.json").read_text())
    assert read["rows"][0]["ratio"] == pytest.approx(50)
    assert read["rows"][0]["met"] is True
    assert read["machine"]["numpy"]
    assert read["tallies"]["tampering"]["a bit flipped"]["theirs"] == [1, 2]


def test_a_tally_adds_up():
    counts = {"a bit flipped": {"ours": (2, 2), "theirs": (1, 2)}, "undone": {"ours": (1, 1)}}
    lines = [line.split("  ") for line in table(counts).splitlines()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells == [
        ["ours", "theirs"],
        ["a bit flipped", "2 of 2", "1 of 2"],
        ["undone", "1 of 1"],
        ["in all", "3 of 3", "1 of 2"],
    ]


@pytest.mark.soak
@pytest.mark.parametrize("tally", find_tallies(), ids=lambda tally: tally.topic)
def test_tally_runs(tally):
    """What the strongest check of ours must notice is all of it, whatever peers do."""
    try:
        counts = tally.count(tally.tiny)
    except ImportError:
        pytest.skip(f"{tally.peer} is not installed")
    for done, row in counts.items():
        noticed, tried = row["skybench, checked"]
        assert noticed == tried, done


def test_lines_of_the_table_are_under_its_heading():
    got = result(Work(ours=sleeper(0.02), peer=sleeper(1.0)), needed=50)
    above = heading().splitlines()[0]
    assert line(got).index("a peer") == above.index("peer")
