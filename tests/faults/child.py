"""Runs calls of skybench in child processes, each with its fault; a script of the tests.

It imports everything once and then forks a child for each line on its standard input, so that a
child costs milliseconds. A point of a call is a thing it does to the file system: each opening
for writing, renaming, linking or deletion below a folder is one.
"""

import ctypes
import gc
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

import skybench
from skybench.errors import NotFoundError, SkybenchError, StoreError
from skybench.generators.recipe_file import load_recipe
from skybench.registry.audit import audit
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_index
from skybench.release.building.build import build
from skybench.release.fetch import get
from skybench.release.release import BuildOptions, TrainingOptions, release
from skybench.release.repair import repair
from skybench.release.withdraw import withdraw

sys.path.insert(0, str(Path(__file__).parent))
from power_loss import PowerLoss

# What the calls import when they first need it.
for _name in ("distributed", "pyarrow.pandas_compat", "pyarrow.parquet", "model_signing.signing"):
    importlib.import_module(_name)
importlib.import_module("skybench.release.baselines.baselines")
importlib.import_module("skybench.registry.evaluate")

NOBODY = 65534
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = frozenset(
    {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate", "shutil.rmtree"}
)


class Fault:
    """Counts the points of a call, and strikes at one of them.

    Parameters
    ----------
    below : str
        The folder whose changes count.
    at : int
        The point, from 0; -1 strikes nowhere.
    kind : str
        "kill": SIGKILL before the point. "cut": from the point on, the process dies in the write
        that makes a file longer than `size`. "full": from the point on, such writes fail.
    size : int
        Bytes that fit into a file after the point.
    """

    def __init__(self, below, at=-1, kind="kill", size=0):
        self.below, self.at, self.kind, self.size = below, at, kind, size
        self.points = 0
        if kind == "cut":
            # A write beyond the limit raises a signal, which Python ignores: then it fails.
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

    def __call__(self, event, arguments):
        if _is_point(event, arguments, self.below):
            if self.points == self.at:
                self.strike()
            self.points += 1

    def strike(self):
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, resource.RLIM_INFINITY))


def _is_point(event, arguments, below):
    if event != "open" and event not in CHANGES:
        return False
    path = arguments[0]
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
        return False
    if not isinstance(path, str | os.PathLike):
        return False
    # A tree is deleted by names relative to an open folder.
    return os.fspath(path).startswith(below) or not os.path.isabs(path)


def recipe_of(seed):
    return load_recipe("photometry").model_copy(update={"samples": 64, "seed": seed})


def call_build(target):
    made = build(recipe_of(1), target, workers=1, progress=False, chunk_rows=8, shard_rows=8)
    return {"content": made.content.root, "rendered": made.rendered_samples}


def call_release(store, version, seed=1, sign=None):
    (done,) = release(
        version,
        store=store,
        datasets=[recipe_of(seed)],
        building=BuildOptions(progress=False, workers=1),
        training=TrainingOptions(protocols=()),
        sign=sign,
    )
    return {"content": done.content_hash, "is_new": done.is_new}


def call_get(store, reference, source):
    got = get(reference, source=source, store=store, workers=2, progress=False)
    return {"content": got.content_hash, "files": got.files}


def call_yank(store, reference):
    return {"reason": withdraw(reference, "wrong", store=store).reason}


def call_repair(store, reference, mirror):
    mended = repair(reference, store=store, mirror=mirror, workers=1, progress=False)
    return {"ok": mended.ok, "fetched": list(mended.fetched)}


def call_submit(store, reference, predictions):
    skybench.evaluate(reference, predictions, store=store, name="mine", submit=True)
    return {"name": "mine"}


def call_read(store, dataset, until):
    """Read the newest version again and again; return what was seen and what went wrong."""
    seen, problems, versions = Counter(), [], []
    while not os.path.exists(until):
        try:
            entries = read_index(Store(store))
            version = max((entry.number for entry in entries), default=None)
            ds = skybench.open(dataset, store=store, verify="full", decode=False)
            root = hash_dataset(ds.load()).root
            if root not in {entry.content for entry in read_index(Store(store))}:
                problems.append(f"read content {root}, which is not in the index")
            if (
                version is not None
                and not skybench.verify(f"{dataset}@{version}", store=store, full=True).ok
            ):
                problems.append(f"{version} is listed and not whole")
            problems += audit(store).problems
            seen[root] += 1
            if root not in versions[-1:]:
                versions.append(root)
        except NotFoundError as error:
            seen["not found"] += 1
            time.sleep(0.01)
            if versions:
                problems.append(f"gone again: {error}")
        except BaseException as error:
            problems.append(f"{type(error).__name__}: {error}")
    return {"seen": seen, "versions": versions, "problems": problems}


def _attempt(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except SkybenchError as error:
        return f"{type(error).__name__}: {error}"
    return "done"


def call_use(store, reference, predictions, source):
    """Do everything that can be done with a store; return what came of each."""
    actions = {
        "open": lambda: skybench.open(reference, store=store, verify="full").load(),
        "verify": lambda: skybench.verify(reference, store=store).raise_if_damaged(),
        "verify in full": lambda: skybench.verify(
            reference, store=store, full=True
        ).raise_if_damaged(),
        "audit": lambda: _raise_first(audit(store).problems),
        "leaderboard": lambda: skybench.leaderboard(reference, store=store),
        "evaluate": lambda: skybench.evaluate(reference, predictions, store=store),
        "get what is there": lambda: call_get(store, reference, source),
        "release": lambda: call_release(store, "9.0", 2),
        "get": lambda: call_get(store, "photometry@9.0", source),
        "yank": lambda: call_yank(store, reference),
        "submit": lambda: skybench.evaluate(
            reference, predictions, store=store, name="mine", submit=True
        ),
        "repair": lambda: call_repair(store, reference, source),
    }
    return {name: _attempt(action) for name, action in actions.items()}


def _raise_first(problems):
    if problems:
        raise StoreError(problems[0])


MS_PRIVATE_RECURSIVE = (1 << 18) | (1 << 14)
MS_NOSUID, MS_REMOUNT, MS_RDONLY = 2, 32, 1
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000


def _checked(result):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _mount(folder, options, flags=MS_NOSUID):
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.mount(b"none", os.fsencode(folder), b"tmpfs", flags, options.encode()))


def _own_mounts():
    """Let this process mount what no other sees; without root by a user namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    _checked(libc.unshare(CLONE_NEWNS if user == 0 else CLONE_NEWNS | CLONE_NEWUSER))
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _checked(libc.mount(b"none", b"/", None, MS_PRIVATE_RECURSIVE, None))


def _unmount(folder):
    _checked(ctypes.CDLL(None, use_errno=True).umount(os.fsencode(folder)))


def call_can_mount(folder):
    try:
        _own_mounts()
        _mount(folder, "size=64k")
    except (OSError, AttributeError):  # forbidden, or another system than Linux
        return {"can": False}
    return {"can": True}


def call_small_disk(folder, original, disks, arguments):
    """Call on disks with so many free kilobytes, then again with room; return what was seen."""
    _own_mounts()
    outcomes = []
    for call, size in disks:
        _mount(folder, "size=64m")
        shutil.copytree(original, folder, dirs_exist_ok=True)
        used = os.statvfs(folder)
        kilobytes = (used.f_blocks - used.f_bfree) * used.f_frsize // 1024
        _mount(folder, f"size={kilobytes + size}k", MS_NOSUID | MS_REMOUNT)
        action = partial(CALLS[call], store=folder, **arguments[call])
        said, seen = _attempt(action), _seen(folder)
        _mount(folder, "size=64m", MS_NOSUID | MS_REMOUNT)
        again = _attempt(action)
        outcomes.append({"said": said, "seen": seen, "again": again, "end": _seen(folder)})
        _unmount(folder)
    return outcomes


def _seen(folder):
    """Return the listed versions that are whole, by content, and what is wrong with the others."""
    entries = read_index(Store(folder))
    reports = {e: skybench.verify(e.reference, store=folder, full=True) for e in entries}
    return {
        "whole": [entry.content for entry, report in reports.items() if report.ok],
        "problems": [p for report in reports.values() for p in report.problems]
        + list(audit(folder).problems),
    }


def call_use_read_only_disk(folder, original, **options):
    _own_mounts()
    _mount(folder, "size=64m")
    shutil.copytree(original, folder, dirs_exist_ok=True)
    _mount(folder, "", MS_NOSUID | MS_REMOUNT | MS_RDONLY)
    return call_use(folder, **options)


CALLS = {name[5:]: call for name, call in list(globals().items()) if name.startswith("call_")}


def _run(line):
    """Do in a child what a line asks for; return what is to be answered."""
    if line["as_nobody"]:
        _rehearse(line)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    fault = None
    if line["fault"] is not None:
        options = line["fault"]
        fault = PowerLoss(_is_point, **options) if "into" in options else Fault(**options)
        sys.addaudithook(fault)
    answer = {}
    try:
        answer["value"] = CALLS[line["call"]](**line["arguments"])
    except BaseException as error:
        answer["error"], answer["said"] = type(error).__name__, str(error)
    if isinstance(fault, PowerLoss):
        fault.end()
    if fault is not None:
        answer["points"] = fault.points
    return answer


def _rehearse(line):
    """Call with a copy of the store, to import what nobody may not read."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(line["arguments"]["store"], Path(folder) / "store")
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o700)
        CALLS[line["call"]](**line["arguments"] | {"store": str(copy)})


def _start(line):
    """Fork a child for a line; return its number and the pipe that it answers on."""
    reading, writing = os.pipe()
    number = os.fork()
    if number:
        os.close(writing)
        return number, reading
    os.close(reading)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.write(writing, json.dumps(_run(line)).encode())
    os._exit(0)


def _end(number, reading):
    """Wait for a child; return its answer, with the signal that killed it."""
    with os.fdopen(reading, "rb") as file:
        answer = json.loads(file.read() or b"{}")
    _, status = os.waitpid(number, 0)
    return answer | {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the calls print is not an answer
    pipes = {}
    gc.freeze()  # else the collector of each child copies all memory
    for text in sys.stdin:
        line = json.loads(text)
        if "wait" in line:
            answer = _end(line["wait"], pipes.pop(line["wait"]))
        else:
            number, pipes_end = _start(line)
            pipes[number] = pipes_end
            answer = {"started": number}
        print(json.dumps(answer), file=answers, flush=True)
    os._exit(0)  # libraries say much when they are taken down in order


if __name__ == "__main__":
    main()
