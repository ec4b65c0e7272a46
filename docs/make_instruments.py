"""Write instruments.md from the files of the instruments; `make docs` runs it."""

from collections.abc import Iterator
from pathlib import Path

from skybench.generators.sky.instrument import Instrument, instrument, instruments

PAGE = Path(__file__).parent / "instruments.md"

HEAD = """# Instruments

What images of a telescope, its camera and a survey are like. The page is written by `make docs`
from `generators/instruments/`, one file each, where the source of every number stands; `skybench
instruments` lists them. A recipe names one, `instrument: des`, or changes its exposures,
`instrument: {name: des, exposures: 5, exposure_time: 90, bands: [g, r]}`. Pixel scale, bands,
zero points, seeing, sky, read noise, PSF and saturation are then laid under the recipe's own
keys, in pixels and electrons of the whole exposure, and recorded with it. A rung that names
another instrument sees the same sky: parameters in pixels and electrons are equal to the last
bit, sample by sample. Saturation brings a `mask`; `detector: null` takes both away.

The depth is that of a star whose light in an aperture is 5 times the noise of empty apertures
there; it is computed, tested by drawing, and an attribute of datasets, such as
`instrument_depth_r`. The published one stands beside it and is told as its source tells it:
optimal weights reach deeper than an aperture.
"""


def page() -> str:
    """Return the text of the page."""
    return HEAD + "".join(_section(name, instrument(name)) for name in instruments())


def _section(name: str, seen: Instrument) -> str:
    lines = [
        f"\n## {name}\n\n{seen.title}: {seen.pixel_scale_arcsec:g} arcsec a pixel, "
        f"{seen.psf.profile} PSF, read noise {seen.read_noise:g} electrons an exposure, depth in "
        f"{seen.aperture_arcsec:g} arcsec.\n",
        "| band | exposure, s | zero point | seeing, arcsec | sky, mag/arcsec² | sky, electrons "
        "| depth | published |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *_rows(seen),
        "",
        *(f"- {key}: {source}" for key, source in seen.sources.items()),
        f"- published depth: {seen.depth_source}",
    ]
    return "\n".join(lines) + "\n"


def _rows(seen: Instrument) -> Iterator[str]:
    for band, own in seen.bands.items():
        yield (
            f"| {band} | {seen.seconds(band):,.0f} | {seen.zeropoint(band):.2f} | {own.fwhm:.2f} "
            f"| {own.sky:.2f} | {seen.sky_level(band):,.0f} | {seen.depth(band):.2f} "
            f"| {own.depth:.2f} |"
        )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
