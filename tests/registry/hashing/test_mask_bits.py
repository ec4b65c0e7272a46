"""The bits of a mask have a meaning, which the hash covers."""

import pytest

from skybench.errors import IntegrityError
from skybench.generators.generate import generate_as_stored
from skybench.registry.hashing.attributes import attributes_of


def test_the_bits_of_a_mask_are_hashed_as_attributes_of_the_dataset():
    ds = generate_as_stored("grz/defects", 0, 2)
    assert attributes_of(ds)["flag_masks"] == "1 2 4"
    ds["mask"].attrs["flag_masks"] = ds["mask"].attrs["flag_masks"][::-1]
    with pytest.raises(IntegrityError, match="has flag_masks '4 2 1', but the dataset has '1 2 4'"):
        attributes_of(ds)
