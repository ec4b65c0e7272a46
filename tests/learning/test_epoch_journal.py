import pytest

from skybench.errors import StoreError
from skybench.learning.epoch_journal import Epoch, EpochJournal
from skybench.registry.storage.local_disk import replacing


def epoch(number, accuracy, loss):
    return Epoch(
        epoch=number,
        learning_rate=0.1,
        train_loss=1.0,
        validation_loss=loss,
        validation_score=accuracy,
        seconds=1.0,
    )


def test_best_has_the_highest_accuracy_then_the_lowest_loss(tmp_path):
    journal = EpochJournal(tmp_path, None)
    nan = float("nan")
    journal.history = [
        epoch(1, 0.5, 0.1),
        epoch(2, 0.8, nan),
        epoch(3, 0.8, 0.4),
        epoch(4, 0.8, 0.5),
    ]
    assert journal.best.epoch == 3


def test_history_survives_the_checkpoint(tmp_path):
    journal, restored = EpochJournal(tmp_path, None), EpochJournal(tmp_path, None)
    journal.history = [epoch(1, 0.5, 0.1)]
    restored.load_state_dict(journal.state_dict())
    assert restored.history == journal.history


def fill_the_disk(path):
    with replacing(path) as partial:
        partial.write_text("half of the n")
        raise OSError("No space left on device")


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "last.ckpt"
    path.write_text("old")
    with pytest.raises(StoreError, match=r"cannot write .*last\.ckpt: No space left"):
        fill_the_disk(path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("last.ckpt", "old")]
