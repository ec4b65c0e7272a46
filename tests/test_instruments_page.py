"""docs/instruments.md is what the files of the instruments give."""

import make_instruments as made


def test_the_page_is_current():
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run make docs"
