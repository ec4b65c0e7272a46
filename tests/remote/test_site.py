"""The site of a store on a server, written to a folder here."""

import pytest

from skybench.errors import ParameterError
from skybench.site.build import make_site


def test_a_store_on_a_server_has_a_site_that_leads_to_it(remote, tmp_path):
    address = "https://data.example.org/store" if remote.startswith("s3") else None
    site = make_site(remote, tmp_path / "site", store_url=address)
    page = (site / "datasets" / "photometry-0.1.html").read_text(encoding="utf-8")
    root = address or remote
    assert f'href="{root}/photometry/0.1/manifest.json"' in page
    assert f"store=&#34;{root}&#34;" in page


def test_a_store_that_no_browser_reads_needs_an_address(s3_released, tmp_path):
    with pytest.raises(ParameterError, match="with --store-url https://"):
        make_site(s3_released, tmp_path / "site")
    with pytest.raises(ParameterError, match="say where the site shall be, with --out"):
        make_site(s3_released)
    assert list(tmp_path.iterdir()) == []
