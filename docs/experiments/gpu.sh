#!/bin/sh
# ResNet-50 learns `morphology`, and what that is worth on real images: twelve minutes at most on a
# GPU of the class of an H200. Needs the extras baselines and report; run again, it goes on.
#
#   REAL=images VOTES=votes.csv LABELS=form LICENCE=CC-BY-4.0 sh docs/experiments/gpu.sh
#
# VOTES has a row an image with its class in the column LABELS. Noise and the half-light radii as a
# share of the side should be those of the real images: NOISE and CROP (of real pixels) are for that.
set -eu
: "${REAL:?the folder of images}" "${VOTES:?the table}" "${LABELS:?its column of classes}"
: "${LICENCE:?of the images}" "${OUT:=gpu-trial}" "${SKYBENCH:=skybench}" "${NETWORK:=resnet50}"
: "${SAMPLES:=20000}" "${NOISE:=0.12}" "${EPOCHS:=30}" "${ITERATIONS:=300}" "${SEEDS:=3}"
: "${SIZES:=100 370 1200}" "${RATES:=0.01 0.03}" "${SIDE:=64}" "${WORKERS=8}"
mkdir -p "$OUT"

cat > "$OUT/pretraining.yaml" <<PROTOCOL
optimizer: sgd
learning_rate: 0.1
momentum: 0.9
weight_decay: 5e-4
batch_size: 64
epochs: $EPOCHS
schedule: one-cycle
warmup: 0.2
augmentations: [dihedral, zoom: 0.3, shift: 2, blur: 1.5]
PROTOCOL
cat > "$OUT/tuning.yaml" <<PROTOCOL
optimizer: sgd
learning_rate: 0.03
momentum: 0.9
weight_decay: 5e-4
batch_size: 16
epochs: 10
schedule: one-cycle
warmup: 0.1
augmentations: [dihedral]
PROTOCOL

test -d "$OUT/morphology.zarr" || $SKYBENCH build morphology "$OUT/morphology.zarr" \
  --samples "$SAMPLES" --set "noise.scale=$NOISE" ${WORKERS:+--workers "$WORKERS"}
test -d "$OUT/real.zarr" || $SKYBENCH real "$REAL" --votes "$VOTES" --labels "$LABELS" \
  --licence "$LICENCE" ${CROP:+--crop "$CROP"} --side "$SIDE" --bands grey --out "$OUT/real.zarr"

# shellcheck disable=SC2086 # sizes and rates are lists
set -- $(printf -- '--labels %s ' $SIZES) $(printf -- '--rate %s ' $RATES)
$SKYBENCH transfer "$OUT/morphology.zarr" "$OUT/real.zarr" --network "$NETWORK" --out "$OUT/trial" \
  --zero-shot --pretraining "$OUT/pretraining.yaml"
$SKYBENCH transfer "$OUT/morphology.zarr" "$OUT/real.zarr" --network "$NETWORK" --out "$OUT/trial" \
  --pretraining "$OUT/pretraining.yaml" --protocol "$OUT/tuning.yaml" --iterations "$ITERATIONS" \
  --seeds "$SEEDS" "$@" --report
