"""JSON from strangers is read in bounded memory, or refused."""

import time

import pytest

from skybench.errors import IntegrityError
from skybench.registry.storage import strict_json as module
from skybench.registry.storage.strict_json import strict_json


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1e999}', "1e999 is larger than any number"),
        ('{"a": -1e999}', "larger than any number"),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        (f'{{"a": {"9" * 401}}}', "401 digits"),
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ('"\\ud800"', "half a character"),
        ('{"\\uDC00": 1}', "half a character"),
        ('"\ud800"', "half a character"),
        ("[" * 65 + "]" * 65, "nested more than 64 deep"),
        ("[" * 100_000, "recursion"),
        ('{"a":' * 66 + "1" + "}" * 66, "nested more than 64 deep"),
        ("[1,", "Expecting value"),
    ],
)
def test_what_is_no_plain_data_is_refused(text, says):
    with pytest.raises(IntegrityError, match=says) as caught:
        strict_json(text, "index.jsonl")
    assert str(caught.value).startswith("index.jsonl is not valid JSON")
    str(caught.value).encode()


def test_whole_characters_beyond_the_first_plane_are_data():
    assert strict_json('"\\ud83d\\ude00"', "x") == "😀"


def test_a_text_that_would_grow_in_memory_is_refused_at_once():
    text = "[" + "[]," * 1_400_000 + "[]]"
    started = time.process_time()
    with pytest.raises(IntegrityError, match=r"about 4,000,00\d|values, more than"):
        strict_json(text * 2, "manifest.json")
    assert time.process_time() - started < 1


def test_a_text_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_CHARACTERS", 10)
    with pytest.raises(IntegrityError, match="it has 12 characters, more than 10"):
        strict_json('"0123456789"', "manifest.json")
