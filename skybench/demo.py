"""The demonstration: recorded versions from nothing, a small network, and where it breaks."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from pathlib import Path

from rich.console import Console

from skybench.diagnosis.diagnose import diagnose
from skybench.diagnosis.page import PAGE
from skybench.gallery import save_gallery
from skybench.leaderboard_table import leaderboard_table
from skybench.learning.labelled import load_training_data
from skybench.learning.networks.table import NETWORKS
from skybench.learning.protocols import Protocol
from skybench.learning.training import fit
from skybench.registry.evaluate import evaluate
from skybench.registry.leaderboard import leaderboard, standing
from skybench.registry.open import open as open_dataset
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve

REFERENCES = ("objects@0.4", "sky@0.4")

NETWORK = NETWORKS["lenet5"]
QUICK = Protocol(
    name="quick",
    optimizer="adamw",
    learning_rate=3e-3,
    weight_decay=1e-4,
    epochs=20,
    schedule="one-cycle",
    warmup=0.2,
    augmentation="dihedral",
    seeds_needed=1,
)
"""For minutes on a processor: a small network learns all that it can from 6,000 images."""

SUBMISSION = f"{NETWORK.name}-demo"

Say = Callable[[str], None]


def run_demo(
    store: str | PathLike[str],
    *,
    references: Sequence[str] = REFERENCES,
    protocol: Protocol = QUICK,
) -> None:
    """Build recorded versions into a store, and show what a user does with them.

    Run again, it goes on where it was stopped; what is there is shown.

    Parameters
    ----------
    store : str or path
        A local folder; pages and pictures are written into it, too.
    references : sequence of str
        Recorded versions.
    protocol : Protocol
        How the network is trained.

    Raises
    ------
    StoreError
        The store is not a local folder; nothing was made.
    """
    place = Store(store)
    folder = place.local_path("")
    begin = time.perf_counter()
    console = Console()
    # Addresses and hashes are for copying: a line is never folded.
    say = partial(console.print, soft_wrap=True, highlight=False)
    say(f"[bold]1. Open[/] recorded versions, which are built into {store} and proven")
    for reference in references:
        _open(reference, place, say)
    say(f"\n[bold]2. Train[/] {NETWORK.title}, for a minute, and score it")
    for reference in references:
        _score(reference, place, protocol, say)
    say("\n[bold]3. Compare[/] it with the recorded baselines")
    for reference in references:
        console.print(leaderboard_table(leaderboard(reference, store=place)))
    say("[bold]4. Look[/] where it breaks, and at the pictures")
    for reference in references:
        _show(reference, place, folder, say)
    say(f"\nDone in {time.perf_counter() - begin:.0f} s.")


def _open(reference: str, place: Store, say: Say) -> None:
    """Open a version by skybench, which builds it, and by Intake."""
    import intake  # a second, and only here

    ds = open_dataset(reference, store=place)
    say(f"skybench.open({reference!r}): {ds.attrs['content_hash']}")
    dataset, _, version = reference.partition("@")
    url, key = place.url_of("catalog.yaml"), f"{dataset}_v{version.replace('.', '_')}_test"
    test = intake.open_catalog(url)[key].to_dask()
    shape = ", ".join(f"{name} {size}" for name, size in test["image"].sizes.items())
    say(f"intake.open_catalog({url!r}).{key}.to_dask().image: {shape}")


def _score(reference: str, place: Store, protocol: Protocol, say: Say) -> None:
    """Train, evaluate and submit, where that was not done before."""
    if SUBMISSION in set(leaderboard(reference, store=place)["name"]):
        say(f"{SUBMISSION} was scored on {reference} before")
        return
    manifest = read_manifest(place, resolve(reference, place))
    data = load_training_data(place.url_of(f"{manifest.key}/{manifest.zarr}"))
    done = fit(
        NETWORK,
        data.labelled,
        protocol,
        seed=0,
        folder=place.local_path(f".work/demo-{manifest.dataset}"),
        report=lambda line: say(f"{reference} {line}"),
    )
    say(str(evaluate(reference, done.test_answers, name=SUBMISSION, store=place, submit=True)))


def _show(reference: str, place: Store, folder: Path, say: Say) -> None:
    """Write the page of what the network gets wrong, and a sheet of pictures."""
    dataset = reference.partition("@")[0]
    ds = open_dataset(reference, store=place)
    page = folder / f"{dataset}-diagnosis" / PAGE
    if not page.exists():
        predictions = place.local_path(_predictions(reference, place))
        out, name = page.parent, NETWORK.title
        found = diagnose(reference, predictions, out=out, name=name, store=place)
        say("\n".join(found.sentences))
    say(str(page))
    say(str(save_gallery(ds, folder / f"{dataset}-gallery.png")))


def _predictions(reference: str, place: Store) -> str:
    found = standing(reference, store=place)
    (record,) = (record for record in found.records if record.name == SUBMISSION)
    assert record.predictions is not None
    return f"{found.manifest.key}/{record.predictions.key}"
