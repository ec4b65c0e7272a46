"""The table of objects of the sky: a new one is a file and a line here."""

from skybench.generators.object_table import ObjectTable
from skybench.generators.sky.barred_lenticular import BarredLenticular as BarredLenticular
from skybench.generators.sky.barred_spiral import BarredSpiral as BarredSpiral
from skybench.generators.sky.bulge_disc import BulgeDisc as BulgeDisc
from skybench.generators.sky.dusty_edge_on import DustyEdgeOn as DustyEdgeOn
from skybench.generators.sky.edge_on import EdgeOn as EdgeOn
from skybench.generators.sky.flocculent_spiral import FlocculentSpiral as FlocculentSpiral
from skybench.generators.sky.lens import Lens as Lens
from skybench.generators.sky.lensed_arc import LensedArc as LensedArc
from skybench.generators.sky.lenticular import Lenticular as Lenticular
from skybench.generators.sky.merger import Merger as Merger
from skybench.generators.sky.ring import Ring as Ring
from skybench.generators.sky.sersic import Sersic as Sersic
from skybench.generators.sky.sky_object import SkyObject as SkyObject
from skybench.generators.sky.spiral import Spiral as Spiral
from skybench.generators.sky.star import Star as Star

SKY_OBJECTS = ObjectTable(
    SkyObject,
    Star,
    Sersic,
    Spiral,
    Ring,
    EdgeOn,
    Merger,
    BulgeDisc,
    FlocculentSpiral,
    Lens,
    LensedArc,
    Lenticular,
    BarredSpiral,
    BarredLenticular,
    DustyEdgeOn,
)
"""Objects in the order in which their light is added."""
