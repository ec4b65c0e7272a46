"""A graph network for maps of the sphere: Chebyshev polynomials of HEALPix' Laplacian."""

from functools import lru_cache
from typing import TYPE_CHECKING

from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

WIDTHS = (16, 32, 64, 64)
"""Maps of each layer; between two, four pixels become one."""

ORDER = 5
"""Terms of a filter: it reaches so many pixels less one."""

NEIGHBOURS = 8
"""Pixels that each is joined with, and those as near as the last of them: each touches eight."""

MOST = 12


def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
    """Make layers of filters on the graph of neighbours, with normalisations.

    Between them four pixels, which follow each other in NESTED order, become their mean.
    Filters look alike in all directions, so that a rotated map has the same answer, but for the
    pixels. What remains of the sphere is averaged before a linear last layer.
    """
    import torch  # seconds, and only where a network is built

    nn = torch.nn

    class Chebyshev(nn.Module):
        """Mixes the polynomials T_0 to T_4 of the scaled Laplacian of each map."""

        places: torch.Tensor
        weights: torch.Tensor

        def __init__(self, before: int, after: int, nside: int) -> None:
            super().__init__()
            places, weights = graph(nside)
            self.register_buffer("places", torch.from_numpy(places), persistent=False)
            self.register_buffer("weights", torch.from_numpy(weights), persistent=False)
            self.mix = nn.Conv1d(ORDER * before, after, 1, bias=False)

        def applied(self, maps: torch.Tensor) -> torch.Tensor:
            """Return the scaled Laplacian of maps, its spectrum within -1 and 1."""
            around = maps[..., self.places] * self.weights
            scaled: torch.Tensor = -around.sum(dim=-1)
            return scaled

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            terms = [maps, self.applied(maps)]
            while len(terms) < ORDER:
                terms.append(2 * self.applied(terms[-1]) - terms[-2])
            mixed: torch.Tensor = self.mix(torch.cat(terms, dim=1))
            return mixed

    nside, before = nside_of(form), form.planes
    network = nn.Sequential()
    for number, after in enumerate(WIDTHS, 1):
        network.add_module(f"filter{number}", Chebyshev(before, after, nside))
        network.add_module(f"bn{number}", nn.BatchNorm1d(after))
        network.add_module(f"relu{number}", nn.ReLU())
        if nside > 1 and number < len(WIDTHS):
            network.add_module(f"pool{number}", nn.AvgPool1d(4))
            nside //= 2
        before = after
    network.add_module("mean", nn.AdaptiveAvgPool1d(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(before, outputs))
    return network


def nside_of(form: SampleForm) -> int:
    """Return the resolution of maps, 0 where their pixels are not those of a HEALPix sphere."""
    nside = round((form.extent[0] / 12) ** 0.5)
    whole = 12 * nside**2 == form.extent[0] and nside & (nside - 1) == 0
    return nside if whole else 0


@lru_cache(maxsize=8)
def graph(nside: int) -> "tuple[NDArray[np.int64], NDArray[np.float32]]":
    """Return the neighbours of each pixel in NESTED order and the weights of their edges.

    The weight of two pixels at a distance d is exp(-d^2 / 2 s^2), s the mean distance of
    neighbours; divided by the roots of both their sums, as in the normalised Laplacian L = 1 - W,
    whose spectrum lies within 0 and 2. The polynomials are of L - 1 = -W.

    Returns
    -------
    places : (pixel, at most 12) int64 array
    weights : (pixel, at most 12) float32 array
        0 where a pixel is too far, or is nearer to others.

    References
    ----------
    Perraudin et al. 2019, Astronomy and Computing 27, 130; Defferrard et al. 2020, ICLR.
    """
    import numpy as np  # networks are listed without arrays
    from scipy.spatial import KDTree

    from skybench.generators.sphere.healpix import directions, ring_numbers

    points = directions(nside).T[ring_numbers(nside)]
    found = KDTree(points).query(points, min(MOST, len(points) - 1) + 1)
    distances, places = (np.asarray(of_each)[:, 1:] for of_each in found)
    # Ties belong together, or the graph would not have the symmetry of the pixels.
    near = distances <= distances[:, [NEIGHBOURS - 1]] * (1 + 1e-6)
    back = (places[places] == np.arange(len(points))[:, None, None]) & near[places]
    spread = distances[near].mean()
    edges = np.where(near & back.any(axis=2), np.exp(-0.5 * (distances / spread) ** 2), 0.0)
    root = np.sqrt(edges.sum(axis=1))
    return places.astype(np.int64), (edges / (root[:, None] * root[places])).astype(np.float32)


def refuse(form: SampleForm) -> str | None:
    """Say why maps are none of the whole sphere."""
    if nside_of(form):
        return None
    return f"it takes maps of 12 nside^2 pixels, nside a power of two, and these are {form}"


DEEPSPHERE = Network(
    name="deepsphere",
    title="DeepSphere",
    model="graph network of four Chebyshev layers on HEALPix, {planes}-channel NESTED maps",
    reference="Perraudin et al. 2019, Astron. Comput. 27, 130",
    takes=("sphere maps",),
    smallest=12,
    refuses=refuse,
    build=build,
    stem="filter1",
    head="fc",
)
