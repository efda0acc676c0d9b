#!/usr/bin/env bash
# Makes the backbone's model file and the heads on it, and judges each head by test tiles that it never saw.
#   ./heads.sh DATA_FOLDER RUN_FOLDER
# RUN_FOLDER has the averaged.safetensors of average.py; PYTHON names another Python.
set -euo pipefail
data=$(realpath "${1:?usage: ./heads.sh DATA_FOLDER RUN_FOLDER}")
run=$(realpath "${2:?usage: ./heads.sh DATA_FOLDER RUN_FOLDER}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo build --release --bin tilelens
tilelens=${CARGO_TARGET_DIR:-target}/release/tilelens
backbone=models/overhead.safetensors
weights="MIT OR Apache-2.0 for what training added; the ImageNet weights that it began with are torchvision's, BSD-3-Clause"

"$tilelens" import "$run/averaged.safetensors" --output "$backbone" \
  --name "Overhead imagery" --licence "$weights" \
  --purpose "Features for classes of your own, in any imagery seen from above" \
  --trained-on "ImageNet (torchvision's weights), then AID, EuroSAT and RSSCN7" \
  --description "MobileNetV3-Small without classes: what a head learns from. See models/overhead.md."

# head NAME TITLE PURPOSE METRES TRAINED_ON
head() {
  local name=$1 layout=$run/$1
  "${PYTHON:-python3}" models/recipe/heads.py "$data" "$name" "$layout"
  "$tilelens" train "$layout/tiles" --model "$backbone" --output "$run/$name.safetensors" \
    --train-list "$layout/train.txt" --validation-list "$layout/validation.txt" --test-list "$layout/test.txt" \
    --labels "$layout/labels.txt" --seed 20261127 --json "$run/$name-training.json" \
    --name "$2" --purpose "$3" --ground-resolution-m "$4" --trained-on "$5" --licence "MIT OR Apache-2.0" \
    --description "A head on the backbone of overhead imagery. See models/$name.md."
  "$tilelens" split "$run/$name.safetensors" --head "models/$name.safetensors"
  "$tilelens" evaluate "$layout/tiles" --model "$backbone" --head "models/$name.safetensors" \
    --list "$layout/test.txt" --json "models/$name.json" --svg "models/$name.svg"
  "${PYTHON:-python3}" models/recipe/predict.py "$data" "$layout" "$backbone" "models/$name.safetensors" \
    "tests/fixtures/model/$name.json"
}

head overhead-scenes "Overhead scenes (30 classes)" \
  "Aerial and satellite tiles of some hundred metres to a few kilometres: airports, farmland, housing, rivers …" \
  2,32 "AID, and five classes of RSSCN7 that mean the same"
head sentinel-2 "Sentinel-2 land cover (10 classes)" \
  "True-colour tiles of Sentinel-2, 64 pixels a side: crops, forest, pasture, water, roads, buildings" \
  10,10 "EuroSAT RGB"
