import timm
import torch

from skybench.learning.networks.xception import XCEPTION
from skybench.learning.sample_form import SampleForm


def test_it_is_the_port_whose_weights_the_author_trained():
    form = SampleForm(dims=("band", "y", "x"), shape=(3, 71, 71))
    theirs = timm.create_model("legacy_xception", num_classes=5).eval()
    ours = XCEPTION.build(form, 5).eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn((2, *form.shape), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(ours(images), theirs(images), rtol=1e-5, atol=1e-5)
