"""What a network makes of several surveys: maps of its features, and how apart they lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from skybench.errors import MissingDependencyError, ParameterError
from skybench.learning.adaptation import features_seen
from skybench.learning.catalogue.domain import UNKNOWN, read_domain
from skybench.learning.catalogue.labelling import TrainedModel, read_model
from skybench.learning.readable import Readable, called
from skybench.registry.storage.local_disk import replacing
from skybench.registry.storage.store import Store

NEIGHBOURS = 10
_AT_ONCE = 256
_INCHES = (10.0, 5.0)


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How apart groups lie among features.

    Attributes
    ----------
    silhouette : float
        From -1 to 1: 0 where groups overlap wholly, 1 where they are far clumps
        (Rousseeuw 1987, J. Comput. Appl. Math. 20, 53).
    purity : float
        The mean share of a sample's ten nearest neighbours that are of its group.
    by_chance : float
        The purity where neighbours have nothing to do with groups: sum n (n - 1) / (N (N - 1)).
    """

    silhouette: float
    purity: float
    by_chance: float


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureMap:
    """Features of the samples of several surveys, on a plane and in numbers.

    Attributes
    ----------
    features : (sample, feature) array
    pca, tsne : (sample, 2) array
        Principal components, and t-SNE of the first fifty of them.
    explained : float
        The share of the variance that is in the first two components.
    survey, label : (sample,) array
        Codes of `surveys` and `classes`; a label is -1 where it is not known.
    surveys, classes : tuple of str
    by_survey, by_class : Separation or None
        In the space of all features, not on the plane; None where there is one group only.
    """

    features: npt.NDArray[np.float32]
    pca: npt.NDArray[np.float64]
    tsne: npt.NDArray[np.float64]
    explained: float
    survey: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    surveys: tuple[str, ...]
    classes: tuple[str, ...]
    by_survey: Separation | None
    by_class: Separation | None

    def __str__(self) -> str:
        """Say the numbers."""
        lines = [f"{len(self.features):,} samples of {', '.join(self.surveys)}"]
        for name, found in {"survey": self.by_survey, "class": self.by_class}.items():
            if found is not None:
                lines.append(
                    f"by {name}: silhouette {found.silhouette:.3f}, purity of {NEIGHBOURS} "
                    f"neighbours {found.purity:.3f}, by chance {found.by_chance:.3f}"
                )
        return "\n".join(lines)

    def draw(self, path: str | PathLike[str]) -> Path:
        """Draw both maps, a colour a survey and a marker a class.

        Raises
        ------
        MissingDependencyError
            matplotlib is not installed.
        StoreError
            The file cannot be written.
        """
        try:
            from matplotlib.figure import Figure  # late: half a second, and it may be absent
        except ModuleNotFoundError:
            msg = "maps of features are drawn with matplotlib: pip install 'skybench[report]'"
            raise MissingDependencyError(msg) from None
        figure = Figure(figsize=_INCHES, layout="constrained")
        titles = {f"PCA, {self.explained:.0%} of the variance": self.pca, "t-SNE": self.tsne}
        for axes, (title, places) in zip(figure.subplots(1, 2), titles.items(), strict=True):
            self._scatter(axes, places)
            axes.set(title=title, xticks=[], yticks=[])
        figure.axes[0].legend(fontsize="small", markerscale=3)
        place = Path(path)
        with replacing(place) as partial:
            figure.savefig(partial, format=place.suffix.lstrip(".") or "png", dpi=150)
        return place

    def _scatter(self, axes: Any, places: npt.NDArray[np.float64]) -> None:
        known = (*self.classes, "unlabelled")
        for survey, name in enumerate(self.surveys):
            for code, kind in enumerate(known):
                wanted = UNKNOWN if code == len(self.classes) else code
                inside = (self.survey == survey) & (self.label == wanted)
                if inside.any():
                    x, y = places[inside].T
                    marker = "o+x*^sDv"[code % 8]
                    axes.scatter(
                        x, y, s=9, c=f"C{survey}", marker=marker, lw=0.6, label=f"{name} {kind}"
                    )


def features(
    model: str | PathLike[str] | TrainedModel,
    *datasets: Readable,
    part: str = "test",
    names: Sequence[str] | None = None,
    at_most: int = 1000,
    stretch: str = "own",
    seed: int = 0,
    store: str | Store | None = None,
) -> FeatureMap:
    """Map the features that a network has of the samples of several datasets.

    Parameters
    ----------
    model : path or TrainedModel
        A file of weights of a classifier.
    *datasets : str, path or Dataset
        As for `read_domain`.
    part : str
        The split or named set of each, or ``all``.
    names : sequence of str, optional
        Of the surveys. Default: the datasets.
    at_most : int
        Samples of each, drawn at random: t-SNE takes a time that grows faster than their number.
    stretch : "own" or "model"
        Whose stretch the images are seen in.
    seed : int
        Of t-SNE and of the draw.
    store : str or Store, optional

    Raises
    ------
    ParameterError
        There are fewer than two datasets or a dozen samples, or the network does not say which its
        last layer is.

    References
    ----------
    van der Maaten & Hinton 2008, JMLR 9, 2579.

    Examples
    --------
    >>> import skybench
    >>> print(skybench.features("run/resnet18.safetensors", "sdss_des", "sdss_des/des"))
    ... # doctest: +SKIP
    """
    trained = model if isinstance(model, TrainedModel) else read_model(model)
    known = tuple(names or map(called, datasets))
    if not datasets or len(known) != len(datasets):
        msg = f"features are mapped of datasets with a name each, got {len(datasets)}, {known}"
        raise ParameterError(msg)
    found, labels, surveys = [], [], []
    for number, (reference, name) in enumerate(zip(datasets, known, strict=True)):
        domain = read_domain(reference, name=name, parts=(part,), store=store)
        drawn = np.random.default_rng(seed).permutation(len(domain.ids))[:at_most]
        few = domain.of(np.sort(drawn))
        found.append(features_of(trained, trained.seen(few, stretch)))
        labels.append(few.labels)
        surveys.append(np.full(len(few.ids), number))
    return _mapped(
        np.concatenate(found),
        np.concatenate(surveys),
        np.concatenate(labels),
        known,
        trained.classes,
        seed,
    )


def features_of(trained: TrainedModel, images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return what goes into the last layer: (sample, feature)."""
    model = trained.model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode(), features_seen(model, trained.network.head) as seen:
        for start in range(0, len(images), _AT_ONCE):
            batch = np.ascontiguousarray(images[start : start + _AT_ONCE])
            model(torch.from_numpy(batch).to(device))
        return np.asarray(torch.cat(seen).float().cpu().numpy())


def _mapped(
    found: npt.NDArray[np.float32],
    survey: npt.NDArray[np.int64],
    label: npt.NDArray[np.int64],
    surveys: tuple[str, ...],
    classes: tuple[str, ...],
    seed: int,
) -> FeatureMap:
    from sklearn.decomposition import PCA  # late, as below: a second
    from sklearn.manifold import TSNE

    if len(found) <= NEIGHBOURS + 1:
        msg = f"a map needs more than {NEIGHBOURS + 1} samples, got {len(found)}"
        raise ParameterError(msg)
    components = PCA(min(50, *found.shape), random_state=seed)
    placed = components.fit_transform(found)
    plane = TSNE(perplexity=min(30.0, len(found) / 4), init="pca", random_state=seed)
    known = label != UNKNOWN
    return FeatureMap(
        features=found,
        pca=placed[:, :2],
        tsne=plane.fit_transform(placed),
        explained=float(components.explained_variance_ratio_[:2].sum()),
        survey=survey,
        label=label,
        surveys=surveys,
        classes=classes,
        by_survey=separation(found, survey),
        by_class=separation(found[known], label[known]),
    )


def separation(
    features: npt.NDArray[Any], groups: npt.NDArray[np.integer[Any]], neighbours: int = NEIGHBOURS
) -> Separation | None:
    """Return how apart groups lie, None where there is but one, or hardly any sample.

    Parameters
    ----------
    features : (sample, feature) array
    groups : (sample,) array
        Codes.
    neighbours : int
        Whose groups purity compares.
    """
    from sklearn.metrics import silhouette_score
    from sklearn.neighbors import NearestNeighbors

    total, counts = len(groups), np.unique(groups, return_counts=True)[1]
    if total <= neighbours or not 1 < len(counts) < total:
        return None
    near = NearestNeighbors(n_neighbors=neighbours).fit(features).kneighbors(return_distance=False)
    return Separation(
        silhouette=float(silhouette_score(features, groups)),
        purity=float((groups[near] == groups[:, None]).mean()),
        by_chance=float((counts * (counts - 1)).sum() / (total * (total - 1))),
    )
