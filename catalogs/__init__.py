"""The Intake face of skybench: the driver, the catalog's text, and ``intake.cat.skybench``.

Names load on first use, so that importing this package does not import Intake.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skybench.catalogs.source import SkySource

__all__ = ["SkySource", "catalog"]


def __getattr__(name: str) -> Any:
    if name == "SkySource":
        from skybench.catalogs.source import SkySource

        return SkySource
    if name == "catalog":
        from skybench.catalogs.default import default_catalog

        return default_catalog()
    msg = f"module 'skybench.catalogs' has no attribute {name!r}; it has {', '.join(__all__)}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
