"""Rows are hashed as SHA-256 says, whatever their length and number, on every processor."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.generators.native import library
from skybench.generators.native.compiling import levels
from skybench.generators.native.library import kernel
from skybench.registry.hashing.row_hash import leaves, sample_digests


def of_hashlib(prefix, rows):
    return [sha256(prefix + row.tobytes()).digest() for row in rows]


@pytest.fixture(scope="module", params=[None, *levels()])
def level(request):
    """Force a level of instructions, where this processor has it."""
    with pytest.MonkeyPatch.context() as patch:
        best = library.level()
        if request.param is not None:
            if levels().index(request.param) > levels().index(best):
                pytest.skip(f"this processor has no {request.param}")
            patch.setenv("SKYBENCH_CPU", request.param)
        library.forget()
        yield
    library.forget()


@given(
    st.integers(0, 40), st.integers(0, 300) | st.sampled_from([4095, 4096]), st.integers(0, 2**32)
)
@settings(max_examples=60, deadline=None)
def test_leaves_are_sha_256_of_a_zero_and_the_row(level, count, length, seed):
    rows = np.random.default_rng(seed).integers(0, 256, (count, length), dtype=np.uint8)
    assert [bytes(leaf) for leaf in leaves(rows)] == of_hashlib(b"\0", rows)


@pytest.mark.parametrize("length", [*range(53, 58), *range(61, 66), *range(117, 130)])
def test_padding_fits_where_a_block_ends(level, length):
    rows = np.arange(17 * length, dtype=np.uint8).reshape(17, length)
    assert [bytes(leaf) for leaf in leaves(rows)] == of_hashlib(b"\0", rows)


def test_a_sample_is_hashed_over_its_leaves_in_the_order_of_names(level):
    made = {name: leaves(np.arange(20) + start) for name, start in (("b", 0), ("a", 9))}
    rows = np.concatenate([made["a"], made["b"]], axis=1)
    assert [bytes(one) for one in sample_digests(made)] == of_hashlib(b"\4", rows)


def test_the_kernel_refuses_rows_that_do_not_fill_the_array():
    digests = np.zeros((2, 32), np.uint8)
    with pytest.raises(ValueError, match="hash_rows refused its sizes"):
        kernel("hash_rows")(0, np.zeros(9, np.uint8), 4, digests)
    with pytest.raises(ValueError, match="hash_rows refused its sizes"):
        kernel("hash_rows")(256, np.zeros(8, np.uint8), 4, digests)
