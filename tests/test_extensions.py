"""Tables that other packages add to."""

import sys
from dataclasses import dataclass

import pytest

from skybench.errors import ExtensionError
from skybench.extensions import table

GROUP = "skybench.toys"


@dataclass(frozen=True)
class Toy:
    name: str


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a function that installs a package with one module and one entry point."""

    def install(source, *, name="ball"):
        (tmp_path / "toy_shop.py").write_text(source)
        info = tmp_path / "toy_shop-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-shop\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = toy_shop:{name.upper()}\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "toy_shop", raising=False)

    return install


def test_a_table_holds_its_own_members_in_order():
    assert list(table(GROUP, Toy, [Toy("kite"), Toy("doll")])) == ["kite", "doll"]


def test_an_installed_package_adds_a_member_at_the_end(installed):
    installed(f"from {__name__} import Toy\nBALL = Toy('ball')\n")
    sys.modules.setdefault(__name__, sys.modules[Toy.__module__])
    assert list(table(GROUP, Toy, [Toy("kite")])) == ["kite", "ball"]


def test_a_name_that_is_taken_is_told_with_the_package(installed):
    installed(f"from {__name__} import Toy\nBALL = Toy('kite')\n")
    sys.modules.setdefault(__name__, sys.modules[Toy.__module__])
    with pytest.raises(ExtensionError, match=r"toy_shop:BALL .*toy-shop\) adds 'kite', which"):
        table(GROUP, Toy, [Toy("kite")])


def test_a_member_of_another_kind_is_told(installed):
    installed("BALL = 3\n")
    with pytest.raises(ExtensionError, match=r"toy-shop\) is a int; skybench.toys takes a Toy"):
        table(GROUP, Toy, [])


def test_a_module_that_does_not_import_is_told(installed):
    installed("import no_such_thing\n")
    with pytest.raises(ExtensionError, match=r"cannot be loaded: .*no_such_thing.*uninstall toy-s"):
        table(GROUP, Toy, [])
