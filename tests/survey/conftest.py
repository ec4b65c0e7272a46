import pytest
from survey_frames import make_frame, make_galaxies


@pytest.fixture
def frame():
    return make_frame()


@pytest.fixture
def galaxies():
    return make_galaxies()
