"""The tutorial of the diagnosis runs, if only for an epoch, and says what the page of docs says."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_tutorial_trains_and_diagnoses(tmp_path):
    file = DOCS / "tutorials" / "where_a_model_breaks.py"
    spec = importlib.util.spec_from_file_location("where_a_model_breaks", file)
    tutorial = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tutorial)
    found = tutorial.main(tmp_path, epochs=1, samples=200)
    assert found.page == tmp_path / "report" / "index.html"
    assert len(found.evaluation.worst(1000)) == round((1 - found.evaluation.score) * 40)
    assert found.evaluation.coordinates.radius.min() < 3.5
