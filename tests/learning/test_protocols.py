"""Protocols by name and in files, and what is said of one that is wrong."""

import json

import pytest
from pydantic import ValidationError

from skybench.errors import ParameterError
from skybench.learning.protocol_file import protocol_of, read_protocol
from skybench.learning.protocols import ALL_BUT_HEAD, PROTOCOLS, Augmentation, Freeze, Protocol

LEAST = "optimizer: sgd\nlearning_rate: 0.1\nweight_decay: 5e-4\nepochs: 8\n"

RECORDED = {
    "paper": '{"name": "paper", "optimizer": "sgd", "learning_rate": 0.524, "momentum": 0.0, '
    '"weight_decay": 0.00125, "batch_size": 64, "epochs": 8, "schedule": "constant", "warmup": '
    '0.0, "label_smoothing": 0.0, "augmentation": "none", "seeds_needed": 1}',
    "default": '{"name": "default", "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, '
    '"weight_decay": 0.0005, "batch_size": 64, "epochs": 8, "schedule": "one-cycle", "warmup": '
    '0.2, "label_smoothing": 0.0, "augmentation": "dihedral", "seeds_needed": 3}',
}
"""As runs and records of 0.3 have them: from this a run's digest follows."""


def written(tmp_path, text, name="mine.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_protocols_keep_their_text(name):
    assert json.dumps(PROTOCOLS[name].model_dump(mode="json")) == RECORDED[name]


def test_a_file_says_all_that_a_protocol_has(tmp_path):
    text = LEAST + (
        "schedule: step\nmilestones: [0.3]\nnetwork: resnet50\ninit: sky@1\nlayer_decay: 0.8\n"
        "freeze: {layers: all but head, epochs: 2, then_rate: 0.2}\n"
        "augmentations: [dihedral, {shift: 2}, {zoom: 0.1}, {noise: 0.5}, {blur: 1.5}]\n"
    )
    protocol = read_protocol(written(tmp_path, text))
    assert (protocol.name, protocol.network, protocol.init) == ("mine", "resnet50", "sky@1")
    assert protocol.freeze == Freeze(layers=ALL_BUT_HEAD, epochs=2, then_rate=0.2)
    assert protocol.augmentations[1] == Augmentation(kind="shift", amount=2)
    assert Protocol.model_validate(protocol.model_dump(mode="json")) == protocol


@pytest.mark.parametrize(
    ("said", "layers"),
    [("all but head", ALL_BUT_HEAD), ("conv1", ("conv1",)), ("[conv1, bn1]", ("conv1", "bn1"))],
)
def test_layers_alone_are_frozen_to_the_end(tmp_path, said, layers):
    freeze = read_protocol(written(tmp_path, f"{LEAST}freeze: {said}\n")).freeze
    assert freeze == Freeze(layers=layers)
    assert freeze.epochs is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("schedul: cosine", r"mine.yaml, line 5: schedul: .* did you mean 'schedule'\?"),
        ("augmentations:\n- dihedral\n- {shfit: 2}", r"line 7: augmentations.1: .*'shift'\?"),
        ("augmentations: [shift]", r"line 5: .*shift needs its largest amount, in pixels"),
        ("freeze: {layers: all but head, epoch: 2}", r"line 5: freeze.epoch: .*'epochs'\?"),
        ("freeze: {layers: conv1, epochs: 8}", r"8 of 8 epochs, which leaves none"),
        ("momentum: 2", r"line 5: momentum: must be less than 1.0, got 2"),
        ("epochs: 3", r"key 'epochs' is written twice"),
        ("name: default", r"line 5: default is a protocol of skybench's"),
        ("x: [", r"mine.yaml is not valid YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, line, message):
    with pytest.raises(ParameterError, match=message):
        read_protocol(written(tmp_path, f"{LEAST}{line}\n"))


def test_a_missing_key_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(ParameterError, match=r"learning_rate: is required and missing"):
        read_protocol(written(tmp_path, "optimizer: sgd\nweight_decay: 0\nepochs: 1\n"))
    with pytest.raises(ParameterError, match=r"cannot read the protocol .*none\.yaml"):
        protocol_of(tmp_path / "none.yaml")
    with pytest.raises(ParameterError, match=r"did you mean 'paper'\?.*\.yaml"):
        protocol_of("papper")


def test_a_flip_is_asked_for_once():
    both = {"augmentation": "dihedral", "augmentations": ("dihedral",)}
    with pytest.raises(ValidationError, match="leave one out"):
        Protocol(name="t", optimizer="sgd", learning_rate=1, weight_decay=0, epochs=1, **both)
