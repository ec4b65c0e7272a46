"""What a build pays for its identity: hash leaves, their files, the tree that is made of them."""

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from unittest.mock import Mock, patch

from bench_pipeline import FEW, built_here, packaged, pairs

from harness import Timed, Work, row


@contextmanager
def without_hashes():
    """Make builds in this process hash nothing, keep nothing, and return an empty identity."""
    from skybench.registry.hashing.content_hash import ContentHash

    def no_content(_template, _samples, _groups, algorithm, _keep):
        root = "sha256:" + "0" * 64
        return ContentHash(algorithm=algorithm, root=root, variables={}, splits={})

    replaced = {
        "skybench.release.building.group_hashes.GroupHasher.add": lambda *_: None,
        "skybench.release.building.group.write_hashes": lambda *_: None,
        "skybench.release.building.build.content_of_groups": no_content,
    }
    mocks = {name: Mock(side_effect=made) for name, made in replaced.items()}
    patches = [patch(name, mock) for name, mock in mocks.items()]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()
    assert all(mock.called for mock in mocks.values()), "a build hashes elsewhere"


def built_once(text, folder, hashed):
    with nullcontext() if hashed else without_hashes():
        return built_here(text, folder, workers=1)


def _cpu_seconds(recipe, samples, hashed):
    """Build a dataset in a process of its own, with one worker; return its CPU seconds."""
    text = json.dumps(recipe | {"samples": samples})
    with tempfile.TemporaryDirectory() as folder:
        if samples < FEW:
            return built_once(text, folder, hashed)["cpu"]
        command = [sys.executable, __file__, text, folder, *(["hashed"] if hashed else [])]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])["cpu"]


def _with_and_without(recipe):
    def prepare(items):
        made = recipe()

        def building(hashed):
            return lambda: Timed(items, _cpu_seconds(made, items, hashed))

        return Work(ours=building(hashed=True), floor=building(hashed=False))

    return prepare


_SETTINGS = {
    "peer": "",
    "floor_limit": 1.25,
    "items": 3000,
    "note": """The floor is the same build with no hash of a row, a sample or the whole, and no
    record of them: its worker replaces these functions by ones that do nothing.""",
}

hashed_28 = row("sky 28x28, stars and ellipticals, built with hash, against without", **_SETTINGS)(
    _with_and_without(lambda: pairs(28))
)

hashed_64 = row("sky 64x64, stars and ellipticals, built with hash, against without", **_SETTINGS)(
    _with_and_without(lambda: pairs(64))
)

hashed_sky = row("sky 64x64 as packaged, built with hash, against without", **_SETTINGS)(
    _with_and_without(lambda: packaged("sky"))
)


if __name__ == "__main__":
    print(json.dumps(built_once(sys.argv[1], sys.argv[2], "hashed" in sys.argv[3:])))
