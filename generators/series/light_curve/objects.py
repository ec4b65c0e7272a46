"""The table of light curves: a new one is a file and a line here."""

from skybench.generators.object_table import ObjectTable
from skybench.generators.series.light_curve.constant import Constant as Constant
from skybench.generators.series.light_curve.eclipsing_binary import (
    EclipsingBinary as EclipsingBinary,
)
from skybench.generators.series.light_curve.flare import Flare as Flare
from skybench.generators.series.light_curve.light_curve import LightCurve as LightCurve
from skybench.generators.series.light_curve.pulsator import Cepheid as Cepheid
from skybench.generators.series.light_curve.pulsator import RRLyrae as RRLyrae
from skybench.generators.series.light_curve.supernova import Supernova as Supernova
from skybench.generators.series.light_curve.transit import Transit as Transit

LIGHT_CURVE_OBJECTS = ObjectTable(
    LightCurve, Constant, Transit, EclipsingBinary, RRLyrae, Cepheid, Flare, Supernova
)
"""Kinds of light curves by name."""
