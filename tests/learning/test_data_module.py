"""Lightning trains on the splits of a dataset, and goes on within an epoch."""

import warnings

import lightning
import pytest
import torch

import skybench


class Linear(lightning.LightningModule):
    """The least network, which notes what it saw."""

    def __init__(self, shape, classes):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(torch.Size(shape).numel(), len(classes))
        )
        self.seen = {"train": 0, "validation": 0, "test": 0}

    def _loss(self, split, batch):
        images, codes = batch
        self.seen[split] += len(images)
        return torch.nn.functional.cross_entropy(self.layers(images), codes)

    def training_step(self, batch, index):
        return self._loss("train", batch)

    def validation_step(self, batch, index):
        self._loss("validation", batch)

    def test_step(self, batch, index):
        self._loss("test", batch)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


@pytest.fixture
def trainer(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield lightning.Trainer(
            max_epochs=2,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            default_root_dir=tmp_path,
        )


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_trainer_fits_and_tests(trainer, in_memory):
    ds = skybench.generate("objects", 0, 60)
    data = skybench.torch.SkyDataModule(ds, batch_size=8, in_memory=in_memory)
    model = Linear(data.shape, data.classes)
    trainer.fit(model, datamodule=data)
    trainer.test(model, datamodule=data, verbose=False)
    sizes = {name: len(data.split(name)) for name in ("train", "validation", "test")}
    assert model.seen["train"] == 2 * (sizes["train"] // 8 * 8)
    assert model.seen["validation"] == 2 * sizes["validation"]
    assert model.seen["test"] == sizes["test"]


def test_all_splits_have_one_stretch_and_training_alone_a_transform():
    ds = skybench.generate("objects", 0, 60)
    data = skybench.torch.SkyDataModule(ds, transform=torch.zeros_like)
    assert data.split("test").stretch == data.split("train").stretch
    assert not data.split("train")[0][0].any()
    assert data.split("test")[0][0].any()


def test_validation_is_in_order_whatever_the_options():
    ds = skybench.generate("objects", 0, 60)
    data = skybench.torch.SkyDataModule(ds, target="sample_id", loading={"threads": 1})
    got = torch.cat([y for _, y in data.val_dataloader()])
    assert got.tolist() == ds.sample_id.values[ds.split.values == "validation"].tolist()
    assert data.train_dataloader().dataset.plan.shuffle


def test_a_trainer_predicts_by_a_loader(trainer):
    class Predicting(Linear):
        def predict_step(self, batch, index):
            return self.layers(batch[0])

    test = skybench.torch.dataset(skybench.generate("objects", 0, 60), split="test")
    model = Predicting(test.shape, test.classes)
    answers = torch.cat(trainer.predict(model, skybench.torch.loader(test, batch_size=5)))
    images = torch.stack([image for image, _ in test])
    torch.testing.assert_close(answers, model.layers(images))
