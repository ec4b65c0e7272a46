"""Two publishers at once: one wins, the other is told so, and the store is whole."""

import multiprocessing
import re
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import pandas as pd
import pytest

import skybench
from skybench.errors import SkybenchError, StoreError, VersionConflictError
from skybench.registry.audit import audit
from skybench.registry.scoring import submissions
from skybench.registry.storage import object_store as leases
from skybench.registry.storage.object_store import ChangedError, lease
from skybench.registry.storage.store import CATALOG, INDEX, Store
from skybench.registry.versions import chain
from skybench.registry.versions.index import append, read_index
from skybench.registry.versions.manifest import digest_of
from skybench.release import release as releases
from skybench.release.publishing.catalog import refresh_catalog

REFERENCE = "photometry@0.1"


def publish_line(url, version, writer):
    """Publish an invented version; return the writer, or why it was refused."""
    digest = digest_of(f"{version} by {writer}")
    try:
        append(Store(url), dataset="sky", version=version, manifest=digest, content=digest)
    except SkybenchError as error:
        return error
    return writer


@pytest.fixture(params=["local", "s3"])
def url(request, tmp_path):
    return str(tmp_path / "store") if request.param == "local" else request.getfixturevalue("s3")


def test_of_many_writers_of_one_version_one_wins(url):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(partial(publish_line, url, "0.1"), range(8)))
    (winner,) = [result for result in results if isinstance(result, int)]
    losers = [result for result in results if result != winner]
    assert {type(error) for error in losers} == {VersionConflictError}
    (entry,) = read_index(Store(url))
    assert entry.content == digest_of(f"0.1 by {winner}")


def test_writers_of_different_versions_all_get_their_line(url):
    versions = [f"0.{number}" for number in range(1, 7)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda version: publish_line(url, version, version), versions))
    assert results == versions
    assert sorted(entry.version for entry in read_index(Store(url))) == versions


def test_a_line_whose_answer_was_lost_is_not_added_twice(s3, monkeypatch):
    """The put arrives, the answer does not, and the client's second try is refused."""
    written = Store.write_if
    answers = iter([False])

    def lose_first_answer(store, *args):
        done = written(store, *args)
        return next(answers, done)

    monkeypatch.setattr(Store, "write_if", lose_first_answer)
    assert publish_line(s3, "0.1", "me") == "me"
    assert len(read_index(Store(s3))) == 1


def test_a_put_on_an_old_tag_is_refused(s3):
    store = Store(s3)
    assert store.write_if(INDEX, "a", store.tag(INDEX))
    old = store.tag(INDEX)
    assert store.write_if(INDEX, "b", old)
    assert not store.write_if(INDEX, "c", old)
    assert not store.write_if(INDEX, "c", "")
    assert store.read_text(INDEX) == "b"


def test_a_server_without_conditions_is_written_all_the_same(s3, monkeypatch):
    store = Store(s3)
    plain = type(store.fs).pipe_file

    def without_conditions(fs, path, data, **options):
        if options:
            error = OSError("not implemented")
            error.__cause__ = cause = ChangedError()
            cause.response = {"Error": {"Code": "NotImplemented"}}
            raise error
        return plain(fs, path, data)

    monkeypatch.setattr(type(store.fs), "pipe_file", without_conditions, raising=False)
    assert store.write_if(INDEX, "a", "")
    assert store.read_text(INDEX) == "a"


def test_a_catalog_is_not_set_back_by_a_slower_process(s3, monkeypatch):
    """Another process writes the catalog after this one read the index."""
    store = Store(s3)
    refresh_catalog(store)
    newest = store.read_text(CATALOG)
    store.write(CATALOG, "old")
    written = Store.write_if
    first = iter([True])

    def overtaken(self, key, content, tag):
        if next(first, False):
            store.write(CATALOG, newest)
            content = "older"
        return written(self, key, content, tag)

    monkeypatch.setattr(Store, "write_if", overtaken)
    refresh_catalog(store)
    assert store.read_text(CATALOG) == newest


@pytest.fixture
def quick_lease(monkeypatch):
    monkeypatch.setattr(leases, "BEAT", 0.1)
    monkeypatch.setattr(leases, "PATIENCE", 0.8)


def test_a_lock_on_s3_keeps_others_out_and_is_freed(s3, quick_lease):
    store = Store(s3)
    with store.lock("sky-0.1", wait=False):
        began = time.monotonic()
        with pytest.raises(StoreError, match="another process holds s3://"):
            store.lock("sky-0.1", wait=False).__enter__()
        assert time.monotonic() - began < leases.PATIENCE
    with store.lock("sky-0.1", wait=False), store.lock("sky-0.2", wait=False):
        pass
    assert store.sizes("") == {}


def test_the_lock_of_a_killed_process_is_taken_over(s3, quick_lease):
    store = Store(s3)
    store.write(".work/sky-0.1.lock", "a process that writes no more")
    began = time.monotonic()
    with store.lock("sky-0.1", wait=False):
        assert time.monotonic() - began > leases.PATIENCE
    assert store.sizes("") == {}


def test_a_lock_is_kept_while_the_clock_goes_back(fault, s3, quick_lease, monkeypatch):
    """Whatever the time of day says, its holder lives as long as it writes."""
    real, asked = time.time(), []

    def now():
        asked.append(None)
        return real - 3600.0 * len(asked)

    monkeypatch.setattr(time, "time", now)
    with fault("clock going backwards") as row, Store(s3).lock("sky-0.1", wait=False):
        for _ in range(3):
            now()
            time.sleep(leases.PATIENCE / 2)
            with pytest.raises(StoreError, match="another process holds s3://"):
                Store(s3).lock("sky-0.1", wait=False).__enter__()
            row.add()


def test_of_two_that_take_over_one_wins(s3, quick_lease):
    store = Store(s3)
    path = store.fs._strip_protocol(f"{s3}/lock")
    store.write("lock", "dead")
    holding, most, lock = [], [], threading.Lock()

    def take(_):
        try:
            with lease(store.fs, path):
                with lock:
                    holding.append(1)
                    most.append(len(holding))
                time.sleep(0.3)
                with lock:
                    holding.pop()
        except leases.HeldError:
            return "held"
        return "won"

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(take, range(3)))
    assert "won" in results
    assert max(most) == 1


def release_once(url, seed):
    """Release a tiny version; return what came of it, and the content or why not."""
    from skybench.generators.recipe_file import load_recipe
    from skybench.release.release import BuildOptions, TrainingOptions, release

    recipe = load_recipe("photometry").model_copy(update={"samples": 64, "seed": seed})
    try:
        (done,) = release(
            "0.1",
            store=url,
            datasets=[recipe],
            building=BuildOptions(progress=False, workers=1),
            training=TrainingOptions(protocols=()),
        )
    except SkybenchError as error:
        return type(error).__name__, str(error)
    return "published" if done.is_new else "present", done.content_hash


def beat_quickly():
    leases.BEAT = 0.2


@pytest.fixture(scope="module")
def two_processes(s3_server):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn, initializer=beat_quickly) as pool:
        yield pool


@pytest.mark.parametrize("seeds", [(1, 2), (1, 1)], ids=["other content", "same content"])
def test_two_processes_release_the_same_version(seeds, url, two_processes, fault):
    outcomes = list(two_processes.map(release_once, [url, url], seeds))
    (winner,) = [outcome for outcome in outcomes if outcome[0] == "published"]
    (loser,) = [outcome for outcome in outcomes if outcome != winner]
    said = {
        "StoreError": "another process holds .*, so it works on photometry-0.1 at this moment",
        "VersionConflictError": "A published version is never replaced",
        "present": winner[1],
    }
    assert re.search(said[loser[0]], loser[1]), loser
    with fault("two releases of one version") as row:
        (entry,) = read_index(Store(url))
        is_winners = entry.content == winner[1]
        problems = (
            *audit(url).problems,
            *skybench.verify(REFERENCE, store=url, full=True).problems,
        )
        is_whole = is_winners and not problems
        row.add("" if is_whole else f"{entry.content}: {problems}", lost=not is_whole)


def test_what_another_published_meanwhile_is_not_called_new(tmp_path, monkeypatch):
    """It looked, waited for the lock of the other process, and looks again."""
    first = release_once(str(tmp_path), 1)
    looks = iter([None, None])
    published = releases.published_entry
    monkeypatch.setattr(releases, "published_entry", lambda *args: next(looks, published(*args)))
    assert (first[0], *release_once(str(tmp_path), 1)) == ("published", "present", first[1])


@pytest.fixture
def contest(url, released):
    """A store of each kind with photometry 0.1, and predictions for it."""
    store = Store(url)
    store.fs.put(f"{released}/", f"{store.root}/", recursive=True)
    ids = skybench.open(REFERENCE, split="test", store=store).sample_id.values
    targets = {"flux": 1e4, "half_light_radius": 3.0}
    answers = [{"sample_id": ids} | targets | {"axis_ratio": ratio} for ratio in (0.5, 0.9)]
    return store, [pd.DataFrame(answer) for answer in answers]


@pytest.mark.parametrize("same", [False, True], ids=["other predictions", "same predictions"])
def test_of_two_submitters_of_one_name_one_wins(contest, monkeypatch, same):
    """Both won on S3 once, and every evaluation after them failed."""
    store, answers = contest
    answers = [answers[0], answers[0]] if same else answers
    both_found_it_free = threading.Barrier(2, timeout=30)

    def add_line(*arguments, **options):
        both_found_it_free.wait()
        return chain.add_line(*arguments, **options)

    monkeypatch.setattr(submissions, "add_line", add_line)

    def submit(answer):
        try:
            return skybench.evaluate(REFERENCE, answer, name="mine", store=store, submit=True)
        except VersionConflictError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(submit, answers))
    (loser,) = [result for result in results if isinstance(result, VersionConflictError)]
    (winner,) = [result for result in results if result is not loser]
    assert "already has a record named mine" in str(loser)
    assert len(store.names("photometry/0.1/submissions")) == 3
    table = skybench.leaderboard(REFERENCE, store=store).set_index("name")
    assert table.r2["mine"] == winner.score
    assert table.attrs["notes"] == []
    again = skybench.evaluate(REFERENCE, answers[0], name="other", store=store)
    assert "mine" in {one.name for one in again.comparisons}


def test_submitters_of_different_names_are_all_on_the_board(contest):
    store, (answer, _) = contest
    names = [f"mine-{number}" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda name: skybench.evaluate(
                    REFERENCE, answer, name=name, store=store, submit=True
                ),
                names,
            )
        )
    assert set(names) <= set(skybench.leaderboard(REFERENCE, store=store).name)
    assert audit(store).ok
