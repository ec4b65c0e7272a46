"""Codes of samples and what they stand for: `skybench.generators.codes`, under its former name."""

from skybench.generators.codes import SAMPLE_DIM as SAMPLE_DIM
from skybench.generators.codes import SPLIT_VARIABLE as SPLIT_VARIABLE
from skybench.generators.codes import decode_flags as decode_flags
from skybench.generators.codes import flag_names as flag_names
from skybench.generators.codes import with_variables as with_variables
