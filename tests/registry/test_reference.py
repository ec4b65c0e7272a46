"""Names of datasets and versions, right and wrong."""

import pickle

import pytest

from skybench.errors import DatasetReferenceError
from skybench.registry.reference import DatasetReference, Version, is_refused_by_windows

PIN = "sha256:" + "9f" * 32


@pytest.mark.parametrize(
    "text",
    ["sky", "sky@1", "sky@0", "sky@1.0", "sky@12.34", f"sky@1.0#{PIN}", f"sky@1.0#manifest:{PIN}"],
)
def test_a_reference_prints_as_it_was_written(text):
    assert str(DatasetReference.parse(text)) == text


def test_parts_of_a_pinned_reference():
    reference = DatasetReference.parse(f"strong_lens@2.7#{PIN}")
    assert reference.dataset == "strong_lens"
    assert reference.version == Version(2, 7)
    assert (reference.pin, reference.manifest) == (PIN, None)
    whole = DatasetReference.parse(f"strong_lens@2.7#manifest:{PIN}")
    assert (whole.pin, whole.manifest) == (None, PIN)


def test_a_fault_names_the_kind_of_pin_what_was_expected_and_what_was_got():
    other = "sha256:" + "03" * 32
    content = DatasetReference.parse(f"sky@1.0#{PIN[:19]}")
    whole = DatasetReference.parse(f"sky@1.0#manifest:{PIN[:19]}")
    assert content.pin_fault(content=PIN, manifest=other) is None
    assert whole.pin_fault(content=other, manifest=PIN) is None
    said = "is not the {} that was pinned: expected sha256:9f9f9f9f9f9f, got " + other
    assert content.pin_fault(content=other, manifest=PIN) == said.format("content")
    assert whole.pin_fault(content=PIN, manifest=other) == said.format("manifest")


def test_only_a_content_pin_has_words_about_what_it_does_not_hold():
    notes = {
        pin: DatasetReference.parse(f"sky@1.0{pin}").pin_note
        for pin in ("", f"#{PIN}", f"#manifest:{PIN}")
    }
    assert "not scores, licence or citation" in notes.pop(f"#{PIN}")
    assert set(notes.values()) == {""}


def test_parsing_a_reference_again_returns_it():
    reference = DatasetReference.parse("sky@1.0")
    assert DatasetReference.parse(reference) is reference
    assert pickle.loads(pickle.dumps(reference)) == reference


def test_aliases_match_their_versions():
    versions = [Version(0, 1), Version(1, 0), Version(1, 9), Version(1, 10), Version(2, 0)]
    match = {
        text: [str(v) for v in versions if DatasetReference.parse(text).matches(v)]
        for text in ("sky", "sky@1", "sky@1.10")
    }
    assert match["sky"] == ["0.1", "1.0", "1.9", "1.10", "2.0"]
    assert match["sky@1"] == ["1.0", "1.9", "1.10"]
    assert match["sky@1.10"] == ["1.10"]


def test_versions_order_by_number():
    assert sorted(map(Version.parse, ["1.10", "0.2", "1.9", "10.0"])) == [
        Version(0, 2),
        Version(1, 9),
        Version(1, 10),
        Version(10, 0),
    ]


def test_versions_below_one_are_development():
    assert Version.parse("0.9").is_development
    assert not Version.parse("1.0").is_development


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("v1.0", "1.0"),
        ("1", "1.0"),
        ("1.0.0", "1.0"),
        ("01.0", "1.0"),
        ("1.00", "1.0"),
        (" 1.2", "1.2"),
        ("1.2\n", "1.2"),
        ("1,2", "1.2"),
        ("1.2rc1", "1.2"),
        ("-1.2", "1.2"),
        (0.1, "0.1"),
    ],
)
def test_a_wrong_version_names_the_nearest_right_one(wrong, nearest):
    with pytest.raises(DatasetReferenceError) as caught:
        Version.parse(wrong)
    message = str(caught.value)
    assert "MAJOR.MINOR" in message
    assert repr(wrong) in message
    assert message.endswith(f"did you mean {nearest}?")


@pytest.mark.parametrize("wrong", ["latest", "", "newest", None, "9" * 40])
def test_a_version_without_usable_numbers_gets_no_guess(wrong):
    with pytest.raises(DatasetReferenceError, match=r"like 0\.1 or 1\.0, got") as caught:
        Version.parse(wrong)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("Sky@1.0", "did you mean 'sky'"),
        ("sky@", "MAJOR.MINOR"),
        ("sky@latest", "MAJOR.MINOR"),
        ("sky@v1.0", "did you mean 1.0?"),
        ("sky@1.0.0", "did you mean 1.0?"),
        ("sky 1.0", "did you mean 'sky@1.0'?"),
        ("strong_lens-v2", "did you mean 'strong_lens@2'?"),
        ("strong lens", "did you mean 'strong_lens'?"),
        ("../sky@1.0", "lower-case letters"),
        ("", "lower-case letters"),
        ("sky@1.0#9f86d081884c", "#sha256:"),
        ("sky@1.0#sha256:9F86D081884C", "#sha256:"),
        ("sky@1.0#sha256:9f", "#sha256:"),
        ("sky@1.0#", "#sha256:"),
        (f"sky@1#{PIN}", "pins a hash"),
        (f"sky#{PIN}", "pins a hash"),
        (f"sky@1#manifest:{PIN}", "pins a hash"),
        (f"sky@1.0#content:{PIN}", "#manifest:sha256:"),
        ("sky@1.0#manifest:9f86d081884c", "#manifest:sha256:"),
        (("sky", "1.0"), "named by a string"),
    ],
)
def test_a_wrong_reference_says_what_is_wrong(wrong, says):
    with pytest.raises(DatasetReferenceError) as caught:
        DatasetReference.parse(wrong)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "name", ["CON", "nul.txt", "Com1", "lpt9.tar.gz", "aux .txt", "sky.", "sky ", "PRN"]
)
def test_names_that_windows_does_not_take(name):
    assert is_refused_by_windows(name)


@pytest.mark.parametrize("name", ["console", "com", "com10", "null.txt", "sky.con", ".aux", "c0"])
def test_names_that_windows_takes(name):
    assert not is_refused_by_windows(name)
