"""Objects say each thing once; the rest follows, and what is missing or clashes is told."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from skybench import generators
from skybench.errors import ExtensionError
from skybench.generators import SkyObject, Spiral, Star, derived, parameter
from skybench.generators.distributions import uniform
from skybench.generators.families import FAMILIES
from skybench.generators.object_table import ObjectTable
from skybench.generators.variable import Interval, round_mantissa

OBJECTS = [kind for family in FAMILIES.values() for kind in family.objects.values()]
EACH = pytest.mark.parametrize("kind", OBJECTS, ids=lambda kind: kind.__name__)

SAID = {
    "formula": "I(r) = 1",
    "reference": "none",
    "accuracy": "exact",
    "example": "Patch().render()",
    "__module__": __name__,
}


def declared(name="Patch", base=SkyObject, code=77, **fields):
    """Return a class with some fields, made as if it were written down."""
    annotations = {n: float for n, f in fields.items() if type(f).__name__ == "Field"}
    body = SAID | {"code": code, "__annotations__": annotations, "__doc__": "Patch of light."}
    return type(base)(name, (base,), body | fields)


def width(**changes):
    said = {"units": "pixel", "domain": Interval(0, 9), "default": uniform(1, 2)} | changes
    return parameter("width of the patch", **said)


@EACH
def test_the_class_the_word_and_the_export_are_one_word(kind):
    assert getattr(generators, kind.__name__) is kind
    assert kind.__name__ in generators.__all__
    assert kind.name.replace("_", "") == kind.__name__.lower()
    assert FAMILIES[kind.family].objects[kind.name] is kind


@EACH
def test_its_docstring_says_all_of_it(kind):
    for text in (kind.summary, kind.formula, kind.reference):
        assert text in " ".join(kind.__doc__.split()) or text in kind.__doc__
    for name in kind.defaults:
        assert re.search(rf"^{name} : float$", kind.__doc__, flags=re.MULTILINE)
    assert not any(re.search(rf"^{n} :", kind.__doc__, flags=re.MULTILINE) for n in kind.derived)


@EACH
def test_what_it_derives_is_what_it_says_it_derives(kind):
    one = kind(seed=1)
    assert list(kind.variables) == [
        n for n in kind.variables if n in {*kind.defaults, *kind.derived}
    ]
    assert set(one.all_parameters()) == set(kind.variables)
    assert {n: getattr(one, n) for n in kind.variables} == one.all_parameters()


@EACH
def test_former_words_are_read_and_not_listed(kind):
    objects = FAMILIES[kind.family].objects
    for word in kind.former_names:
        assert objects[word] is kind
        assert word not in list(objects)


def test_a_parameter_of_its_own_is_a_variable():
    patch = declared(width=width())
    assert patch.variables["width"].attributes() == {
        "long_name": "width of the patch",
        "units": "pixel",
    }
    assert patch.variables["width"].dims == ("sample", "source")
    assert 1 <= patch().width <= 2
    assert patch(width=8).width == 8
    with pytest.raises(ValueError, match=r"width must be a finite number in \[0, 9\], got 10"):
        patch(width=10)


def test_a_subclass_has_the_parameters_of_its_base_and_changes_their_defaults():
    tight = declared("Tight", Spiral, arm_count=parameter(default=1))
    assert list(tight.variables) == list(Spiral.variables)
    assert tight().arm_count == 1
    assert Spiral().arm_count == 2
    assert tight.former_names == ()


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"fluxx": parameter(default=1)}, ["Patch", "'fluxx'", "did you mean 'flux'?", "give its"]),
        ({"flux": parameter("light", units=None, default=1)}, ["flux has its meaning already"]),
        ({"glow": parameter("light", default=1)}, ["say the units of glow", "units=None"]),
        ({"width": width(default=10)}, ["width can be 10 to 10, outside its domain [0, 9]"]),
        ({"flux": parameter(default=-1)}, ["flux can be -1 to -1, outside its domain"]),
        ({"glow": derived()}, ["'glow'", "word of the family sky"]),
    ],
)
def test_what_is_missing_or_clashes_is_told_when_the_class_is_made(fields, parts):
    with pytest.raises(ExtensionError) as caught:
        declared(**fields)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("members", "parts"),
    [
        ([Star, declared(code=1)], ["Patch", "code 1 must be", "star.py, line", "Take 2"]),
        ([Star, declared(code=0)], ["Patch", "code 0 must be one from 1 to 127", "Take 2"]),
        ([Star, declared("Star")], ["'star' is the word of Star (sky/star.py, line", "rename"]),
        (
            [declared(width=width()), declared("Other", code=78, width=width(units="arcsec"))],
            [
                "Other: width is",
                "in arcsec, [0, 9] here and",
                "in pixel, [0, 9] in",
                "another name",
            ],
        ),
        ([declared(width=width(after="height"))], ["no height for width to stand behind"]),
    ],
)
def test_what_is_missing_or_clashes_is_told_when_the_table_is_built(members, parts):
    with pytest.raises(ExtensionError) as caught:
        ObjectTable(SkyObject, *members)
    for part in parts:
        assert part in str(caught.value)


def test_the_line_to_mend_is_named(tmp_path, monkeypatch):
    (tmp_path / "patches.py").write_text(
        "from skybench.generators import SkyObject, parameter\n"
        "\n"
        "class Patch(SkyObject):\n"
        "    flux: float = parameter(default=1)\n"
        "    glow: float = parameter('light', default=1)\n"
    )
    program = "try:\n    import patches\nexcept TypeError as error:\n    print(error)"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert re.match(r"Patch\.glow \(.*/patches\.py, line 5\): say the units", done.stdout), done


def test_an_object_that_does_not_say_its_formula_is_told():
    silent = type(SkyObject)("Silent", (SkyObject,), {"__doc__": "x", "__module__": __name__})
    with pytest.raises(ExtensionError, match=r"Silent.* has no code; say it in the class"):
        ObjectTable(SkyObject, silent)


def test_own_variables_stand_at_the_end_or_where_they_say():
    members = [
        declared("First", code=70, width=width()),
        declared("Second", code=71, height=parameter("h", units=None, default=1, after="flux")),
    ]
    order = list(ObjectTable(SkyObject, *members).variables)
    assert order[-1] == "width"
    assert order.index("height") == order.index("flux") + 1


def test_a_type_checker_and_an_editor_know_the_constructors(tmp_path):
    program = tmp_path / "typed.py"
    program.write_text(
        "from skybench.generators import Circle, Ring, Transit\n"
        "reveal_type(Ring(flux=3, ring_width=0.2, seed=1).ring_width)\n"
        "Circle(radius=3.0, thickness=1)\n"
        "Transit(period=3).render()\n"
        "Ring(flx=3)\n"
        'Ring(flux="bright")\n'
    )
    command = [sys.executable, "-m", "mypy", "--strict", str(program)]
    root = Path(__file__).parents[2]
    told = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=300).stdout
    assert 'Revealed type is "float"' in told
    assert 'typed.py:5: error: Unexpected keyword argument "flx" for "Ring"' in told
    assert 'typed.py:6: error: Argument "flux" to "Ring" has incompatible type "str"' in told
    assert told.count("error:") == 2


ASKED = {"light_curve": (np.linspace(0, 5, 50),), "nbody": (2.0, 21)}
"""What the drawing of some families asks for."""


@EACH
def test_what_is_drawn_alone_is_float64_and_not_rounded_as_in_stores(kind):
    softened = {"softening": 0.1} if kind.family == "nbody" else {}
    shown = kind(seed=5).render(*ASKED.get(kind.family, ()), **softened)
    for values in shown.data_vars.values() if isinstance(shown, xr.Dataset) else [shown]:
        exact = np.asarray(values)
        assert exact.dtype == np.float64
        # Shapes without antialiasing are 0 and 1, a constant star is 1.
        few = len(np.unique(exact)) <= 2
        # Stamps of galaxies are of single precision, which has 24 bits; stores keep 12.
        assert few or (round_mantissa(exact, 20) != exact).any()
