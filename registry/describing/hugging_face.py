"""Versions and exports as Hugging Face's dataset cards name them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from skybench.registry.describing.licence import licence_url

_STEPS = ("1K", "10K", "100K", "1M", "10M", "100M", "1B")
_OF_IMAGES = {
    "classification": ("image-classification", "multi-class-image-classification"),
    "multilabel": ("image-classification", "multi-label-image-classification"),
    "segmentation": ("image-segmentation", "semantic-segmentation"),
    "deblending": ("image-segmentation", "instance-segmentation"),
}
"""Category and identity of a task at Hugging Face, where the data are images."""

_LICENCES = frozenset(
    [
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "zlib", "unlicense"),
        *("cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0"),
        *("cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0"),
        *("cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"),
        *("cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
        *("cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0"),
        *("epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1", "eupl-1.2", "mpl-2.0"),
    ]
)
_RENAMED = {
    "odc-by-1.0": "odc-by",
    "odbl-1.0": "odbl",
    "pddl-1.0": "pddl",
    **{
        f"{family}-{version}-{suffix}": f"{family}-{version}"
        for family, versions in {
            "agpl": ["3.0"],
            "gpl": ["2.0", "3.0"],
            "lgpl": ["2.1", "3.0"],
        }.items()
        for version in versions
        for suffix in ("only", "or-later")
    },
}


def front_matter(
    *,
    title: str,
    licence: str,
    task: str,
    dims: Iterable[Sequence[str]],
    samples: int,
    tags: Iterable[str],
    further: Mapping[str, Any] | None = None,
) -> str:
    """Return the front matter of a card, in YAML between its lines of dashes.

    Parameters
    ----------
    title : str
    licence : str
        SPDX identifier, or other text.
    task : str
        As recipes name it.
    dims : iterable of sequence of str
        The dimensions of each variable, by which images are known.
    samples : int
    tags : iterable of str
        Those that not every card has.
    further : mapping, optional
        Other keys, which come last.

    References
    ----------
    https://huggingface.co/docs/hub/datasets-cards
    """
    values = {
        "pretty_name": title,
        **_licence(licence),
        **_task(task, dims),
        "tags": ["astronomy", "simulation", "benchmark", *tags],
        "size_categories": [_size(samples)],
        **(further or {}),
    }
    return f"---\n{yaml.safe_dump(values, sort_keys=False, allow_unicode=True)}---\n\n"


def _licence(licence: str) -> dict[str, str]:
    name = licence_name(licence)
    if name != "other":
        return {"license": name}
    url = licence_url(licence)
    link = {} if url is None else {"license_link": url}
    return {"license": name, "license_name": licence, **link}


def _task(task: str, dims: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    """Return the task in Hugging Face's words, which know images and few other things."""
    has_images = any({"y", "x"} <= {*names} and "z" not in names for names in dims)
    if not has_images or task not in _OF_IMAGES:
        return {"task_categories": ["other"]}
    category, identity = _OF_IMAGES[task]
    return {"task_categories": [category], "task_ids": [identity]}


def _size(samples: int) -> str:
    bounds = dict(enumerate(_STEPS, 3))
    above = [power for power in bounds if samples >= 10**power]
    if not above:
        return f"n<{_STEPS[0]}"
    low = above[-1]
    return f"{bounds[low]}<n<{bounds.get(low + 1, '10B')}"


def licence_name(licence: str) -> str:
    """Return how a card on Hugging Face names a licence: ``other`` where it has no name for it.

    References
    ----------
    https://huggingface.co/docs/hub/repositories-licenses

    Examples
    --------
    >>> licence_name("CC-BY-4.0"), licence_name("my own terms")
    ('cc-by-4.0', 'other')
    """
    name = licence.lower()
    return name if name in _LICENCES else _RENAMED.get(name, "other")
