"""The demonstration: a small release of two packaged recipes, from nothing to a leaderboard."""

import time
from collections.abc import Callable
from functools import partial
from os import PathLike

from rich.console import Console

from skybench.gallery import save_gallery
from skybench.leaderboard_table import leaderboard_table
from skybench.registry.leaderboard import leaderboard
from skybench.registry.open import open as open_dataset
from skybench.registry.storage.store import Store
from skybench.release.release import TrainingOptions, release

VERSION = "0.0"
"""The demonstration's version: below every released one, since its content is another."""

DATASETS = ("objects", "sky")
SAMPLES = 1200
TRAINING = TrainingOptions(protocols=("default",), seeds=1, epochs=6)


def run_demo(
    store: str | PathLike[str], *, samples: int = SAMPLES, training: TrainingOptions = TRAINING
) -> None:
    """Release small datasets into a store, and show what a user does with them.

    Run again, it goes on where it was stopped; where all is released, it shows what is there.

    Parameters
    ----------
    store : str or path
        A local folder; the pictures are written into it, too.
    samples : int
        Of each dataset.
    training : TrainingOptions
        Of its baselines.

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
    say(f"[bold]1. Release[/] {samples:,} samples of each dataset into {store}")
    released = release(
        VERSION, store=place, datasets=DATASETS, samples=samples, training=training, say=say
    )
    say("\n[bold]2. Open[/] through Intake")
    _open_by_intake(place, [one.reference for one in released], say)
    say("\n[bold]3. Compare[/] the baselines")
    for one in released:
        console.print(leaderboard_table(leaderboard(one.reference, store=place)))
    say("[bold]4. Look[/] at the pictures")
    for one in released:
        name = one.reference.partition("@")[0]
        ds = open_dataset(one.reference, store=place)
        say(str(save_gallery(ds, folder / f"{name}-gallery.png")))
    say(f"\nDone in {time.perf_counter() - begin:.0f} s.")


def _open_by_intake(place: Store, references: list[str], say: Callable[[str], None]) -> None:
    import intake

    url = place.url_of("catalog.yaml")
    catalog = intake.open_catalog(url)
    for reference in references:
        dataset, _, version = reference.partition("@")
        key = f"{dataset}_v{version.replace('.', '_')}_test"
        ds = catalog[key].to_dask()
        shape = ", ".join(f"{n} {size}" for n, size in ds["image"].sizes.items())
        say(f"intake.open_catalog({url!r}).{key}.to_dask().image: {shape}")
