"""Numbers with units, which astropy calls quantities: objects take them as numbers in their own.

A quantity is told by its methods, so that those who give numbers never load astropy. The words of
our units are astropy's own.
"""

from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from skybench.errors import ParameterError

if TYPE_CHECKING:
    from astropy.units import Quantity

PIXEL = "pixel"
SCALE = "arcsec/pixel"


class Quantified(Protocol):
    """What `in_units` needs of an `astropy.units.Quantity`."""

    unit: Any

    def to_value(self, unit: str) -> Any:
        """Return the number, or the array of them, in a unit."""


def is_quantity(value: object) -> TypeGuard[Quantified]:
    """Return whether a value is an astropy Quantity, or is used like one."""
    return hasattr(value, "unit") and hasattr(value, "to_value")


def in_units(name: str, value: object, units: str | None) -> Any:
    """Return a quantity as a number in some units; what is no quantity, as it is.

    Parameters
    ----------
    name : str
        Of the value, for messages.
    units : str or None
        None for a number without any.

    Raises
    ------
    ParameterError
        The quantity has other units, that these cannot be made of.
    """
    if not is_quantity(value):
        return value
    if not value.unit.is_equivalent(units or "1"):
        needed = "a number without a unit" if units in (None, "1") else f"in {units}"
        msg = f"{name} must be {needed}, got {value}."
        raise ParameterError(msg)
    return value.to_value(units or "1")


def on_pixels(name: str, value: object, pixel_scale: float | None) -> Any:
    """Return an angle on the sky as a length in pixels; what is no angle, as it is.

    Parameters
    ----------
    pixel_scale : float or None
        Arcseconds a pixel; None where it was not given.

    Raises
    ------
    ParameterError
        It was not given, and the value is an angle.
    """
    if not (is_quantity(value) and value.unit.is_equivalent("arcsec")):
        return value
    if pixel_scale is None:
        msg = (
            f"{name} must be in {PIXEL}, got {value}; for an angle give the pixel scale, too, such "
            "as pixel_scale=0.263 * u.arcsec"
        )
        raise ParameterError(msg)
    return value.to_value("arcsec") / pixel_scale


def arcsec_a_pixel(value: object) -> Any:
    """Return a pixel scale as arcseconds a pixel, from an angle, or an angle a pixel."""
    if is_quantity(value) and value.unit.is_equivalent(SCALE):
        return value.to_value(SCALE)
    return in_units("pixel_scale", value, "arcsec")


def quantity(
    value: float, units: str | None, unit: object = None, pixel_scale: float | None = None
) -> "Quantity":
    """Return a number in some units as an astropy Quantity, converted to another unit if given.

    Raises
    ------
    astropy.units.UnitConversionError
        The other unit is of another kind; angles and pixels are of one where the scale is given.
    """
    from astropy.units import Quantity, Unit  # put off: slow to load, and few ask
    from astropy.units import pixel_scale as on_sky

    found = Quantity(value, units or "")
    if unit is None:
        return found
    alike = [] if pixel_scale is None else on_sky(pixel_scale * Unit(SCALE))
    return found.to(unit, equivalencies=alike)
