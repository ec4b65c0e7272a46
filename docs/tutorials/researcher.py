"""A model of your own: trained with lightning, scored, taken apart and put on the leaderboard.

python docs/tutorials/researcher.py
"""

import lightning
import pandas as pd
import torch
from torch import nn

import skybench

VERSION = "objects@0.4"


class ConvNet(lightning.LightningModule):
    """Three convolutions, each of which halves the image."""

    def __init__(self, planes, classes):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(planes, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU()),
            *(nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU()),
            *(nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(64 * 4 * 4, classes)),
        )

    def forward(self, images):
        return self.layers(images)

    def training_step(self, batch, _):
        images, codes = batch
        return nn.functional.cross_entropy(self(images), codes, label_smoothing=0.05)

    def validation_step(self, batch, _):
        images, codes = batch
        self.log("validation_loss", nn.functional.cross_entropy(self(images), codes))

    def predict_step(self, batch, _):
        return self(batch[0]).softmax(1)

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=2e-3)
        steps = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, steps)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


lightning.seed_everything(0, verbose=False)
data = skybench.torch.SkyDataModule(VERSION, batch_size=64)
model = ConvNet(data.shape[0], len(data.classes))
quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
trainer = lightning.Trainer(max_epochs=7, accelerator="cpu", enable_model_summary=False, **quiet)
trainer.fit(model, data)
print(f"validation loss {trainer.callback_metrics['validation_loss']:.3f}")

# Predictions are a table: which sample it is, and a probability for each class.
probabilities = torch.cat(trainer.predict(model, data))
predictions = pd.DataFrame(probabilities.numpy(), columns=list(data.classes))
predictions["sample_id"] = skybench.open(VERSION, split="test").sample_id
found = skybench.evaluate(VERSION, predictions, name="ConvNet")
print(found)

# Where is it right, and where not? Each parameter that was drawn is a coordinate.
print(found.by("label"))
print(found.by("flux", bins=5))
print(found.by("psf_fwhm", "half_light_radius", bins=3))
print(found.confusion())
print(found.worst(5))

# The same objects with twice the noise are a rung of the recipe. The model sees them stretched as
# those that it learnt from; an array of answers is in the order of the test split.
hard = skybench.torch.SkyDataModule(
    skybench.generate("objects/hard"), stretch=data.split("train").stretch
)
on_hard = torch.cat(trainer.predict(model, hard))
print(
    skybench.diagnose(VERSION, predictions, out="report", name="ConvNet", rungs={"hard": on_hard})
)

# On the leaderboard of your store, with the predictions that prove it.
skybench.evaluate(VERSION, predictions, name="ConvNet", submit=True)
print(skybench.leaderboard(VERSION)[["rank", "name", "accuracy", "low", "high"]])
