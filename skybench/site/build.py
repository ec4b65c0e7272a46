"""Write the site of a store: all pages into a new folder, which then takes the old one's place."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from PIL import Image

from skybench.diagnosis.diagnose import explained
from skybench.errors import NotFoundError, ParameterError
from skybench.gallery import page as sheet_of
from skybench.gallery import pictured_samples
from skybench.registry.evaluate import stored_evaluation
from skybench.registry.evidence import Ranked
from skybench.registry.storage.local_disk import reporting_unwritable
from skybench.registry.storage.store import CARD, CROISSANT, MANIFEST, Store
from skybench.site.explorer import write_explorer
from skybench.site.pages import (
    Model,
    Tile,
    dataset_page,
    explorer_page,
    home_page,
    leaderboard_page,
    model_page,
)
from skybench.site.places import DOCS, EXPLORER, HOME, address_of, links_from
from skybench.site.version import ShownVersion, read_versions

SITE = "site"
"""The folder of a local store that its site is in."""

_STATIC = Path(__file__).parent / "static"
_MARK = '<meta name="generator" content="skybench">'
"""In the first page, so that no other folder is ever replaced."""

_TILES = 24
_ON_SHEET = 6
_SHEET_TILE = 84

Say = Callable[[str], None]


def make_site(
    store: str | PathLike[str] | Store | None = None,
    folder: str | PathLike[str] | None = None,
    *,
    store_url: str | None = None,
    say: Say = lambda line: None,
) -> Path:
    """Write a static site about a store, and return its folder.

    A first page with all datasets; for each version a page of its own, a leaderboard, and a page
    a model with what its errors depend on; and the explorer, where its JavaScript is built. No page
    needs a program on the server, nor calls another host. A site that is there is replaced when the
    new one is whole; its ``docs`` stay.

    Parameters
    ----------
    store : str, path or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    folder : path, optional
        Default: ``site`` in the store, where that is a local folder.
    store_url : str, optional
        Where browsers find the files of the store. Default: the address of a store on a web
        server; of a local one the relative path from the site, so that both can be moved together.
    say : callable
        Gets a line for each version that is written.

    Raises
    ------
    ParameterError
        Something else than a site is at `folder`, or the store needs a `store_url`.
    MissingDependencyError
        matplotlib, which draws where models break, is not installed.
    IntegrityError
        The store is damaged.
    StoreError
        The store cannot be read, or the folder not be written.

    Examples
    --------
    >>> from skybench.site.build import make_site
    >>> make_site("./demo-store")    # doctest: +SKIP
    PosixPath('demo-store/site')
    """
    place = Store(store)
    target = _target(place, folder)
    address = address_of(place, target, store_url)
    versions = read_versions(place)
    with _replacing(target) as new:
        shutil.copytree(_STATIC, new / "static")
        site = _Site(
            folder=new,
            store=place,
            store_url=address,
            has_docs=(target / DOCS).exists(),
            has_explorer=_write_explorer(place, versions, new, address, say),
        )
        for version in versions:
            say(f"{version.manifest.reference}: {len(version.standing.ranked)} models")
            _write_version(site, version)
        _write_home(site, versions)
        if site.has_explorer:
            site.write(EXPLORER, explorer_page)
    return target


def _write_explorer(
    store: Store, versions: Sequence[ShownVersion], site: Path, store_url: str, say: Say
) -> bool:
    """Write the explorer, if its JavaScript is built, and return whether it is there."""
    try:
        write_explorer(store, versions, site, store_url=store_url)
    except NotFoundError as not_built:
        say(f"without the explorer: {not_built}")
        shutil.rmtree((site / EXPLORER).parent, ignore_errors=True)
        return False
    return True


def _target(store: Store, folder: str | PathLike[str] | None) -> Path:
    """Return where the site shall be, which is free or an older site."""
    if folder is None and not store.is_local:
        msg = f"{store} is not on this machine: say where the site shall be, with --out"
        raise ParameterError(msg)
    target = store.local_path(SITE) if folder is None else Path(folder)
    docs = Path(DOCS).parts[0]
    if target.is_dir() and not _is_site(target) and any(p.name != docs for p in target.iterdir()):
        msg = f"{target} is there and is no site of skybench; name another folder with --out"
        raise ParameterError(msg)
    return target


def _is_site(folder: Path) -> bool:
    home = folder / HOME
    return home.is_file() and _MARK in home.read_text(encoding="utf-8")


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Give an empty folder to write to, which becomes `target` when it is whole."""
    with reporting_unwritable(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
        try:
            new = beside / target.name
            new.mkdir()
            yield new
            _swap(new, target, beside / "old")
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _swap(new: Path, target: Path, old: Path) -> None:
    docs = Path(DOCS).parts[0]
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    if (old / docs).exists():
        (old / docs).rename(target / docs)


@dataclass(frozen=True, kw_only=True)
class _Site:
    """The folder that pages are written into, and what they lead to."""

    folder: Path
    store: Store
    store_url: str
    has_docs: bool
    has_explorer: bool

    def write(self, page: str, render: Callable[..., str], *about: object) -> None:
        """Write a page, by its path in the site."""
        links = links_from(
            page, self.store_url, has_docs=self.has_docs, has_explorer=self.has_explorer
        )
        path = self.folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(links, *about), encoding="utf-8")

    def image(self, name: str, image: Image.Image, caption: str, *, lossless: bool) -> Tile:
        """Write a picture and return what a page says of it."""
        path = self.folder / "images" / f"{name}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, lossless=lossless, quality=80, method=6)
        width, height = image.size
        return Tile(file=f"images/{path.name}", caption=caption, width=width, height=height)


def _write_home(site: _Site, versions: Sequence[ShownVersion]) -> None:
    sheets = {v.slug: sheet for v in versions if (sheet := _sheet(site, v)) is not None}
    site.write(HOME, home_page, versions, sheets)


def _sheet(site: _Site, version: ShownVersion) -> Tile | None:
    """Write a row of samples, small."""
    shown = [image for _, image in _pictured(version, _ON_SHEET, _SHEET_TILE)]
    if not shown:
        return None
    small = [
        image.resize((_SHEET_TILE, _SHEET_TILE * image.height // image.width)) for image in shown
    ]
    return site.image(
        f"{version.slug}-sheet", sheet_of(small, len(small)), version.question, lossless=False
    )


def _pictured(version: ShownVersion, count: int, size: int) -> list[tuple[str, Image.Image]]:
    """Return captions and pictures of samples, none of what has no picture."""
    try:
        return pictured_samples(version.ds, count, size)
    except ParameterError:
        return []


def _write_version(site: _Site, version: ShownVersion) -> None:
    models = [_model(site, version, ranked) for ranked in version.standing.ranked]
    tiles = [
        site.image(f"{version.slug}-{k}", image, caption, lossless=True)
        for k, (caption, image) in enumerate(_pictured(version, _TILES, 128))
    ]
    card, files = _files(site.store, version)
    page = f"{version.slug}.html"
    site.write(f"datasets/{page}", dataset_page, version, tiles, card, files)
    found = {one.record.name: one.evaluation for one in models if one.evaluation is not None}
    site.write(f"leaderboards/{page}", leaderboard_page, version, found)
    for model in models:
        site.write(version.page_of(model.record), model_page, version, model)


def _files(store: Store, version: ShownVersion) -> tuple[str | None, list[str]]:
    """Return the text of the card, and which files describe the version."""
    key = version.manifest.key
    files = [name for name in (MANIFEST, CARD, CROISSANT) if store.exists(f"{key}/{name}")]
    return (store.read_text(f"{key}/{CARD}") if CARD in files else None), files


def _model(site: _Site, version: ShownVersion, ranked: Ranked) -> Model:
    """Return a record with where it breaks, its figures written."""
    if ranked.tested is None or version.truth is None:
        return Model(ranked=ranked)
    found = stored_evaluation(ranked, version.standing, version.truth, site.store)
    _, _, sections = explained(found)
    folder = site.folder / "images"
    folder.mkdir(exist_ok=True)
    images = {}
    for section in sections:
        if section.picture is not None:
            name = f"{version.slug}-{ranked.record.name}-{section.file}"
            (folder / name).write_bytes(section.png)
            images[section.file] = f"images/{name}"
    return Model(ranked=ranked, evaluation=found, sections=sections, images=images)
