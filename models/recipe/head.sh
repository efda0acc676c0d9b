#!/usr/bin/env bash
# Makes models/land-cover.safetensors from the backbone that train.py wrote: trains the head in Rust, judges it.
#   ./head.sh DATA_FOLDER RUN_FOLDER
set -euo pipefail
data=$(realpath "${1:?usage: ./head.sh DATA_FOLDER RUN_FOLDER}")
run=$(realpath "${2:?usage: ./head.sh DATA_FOLDER RUN_FOLDER}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo build --release --bin tilelens
tilelens=target/release/tilelens
splits=models/recipe/splits
licence="MIT OR Apache-2.0 for the weights; the training images' authors state no licence"

"$tilelens" import "$run/backbone.pth" --output "$run/backbone.safetensors" --dtype f32 \
  --name "Land cover backbone" --licence "$licence"
"$tilelens" train "$data" --model "$run/backbone.safetensors" --output models/land-cover.safetensors \
  --train-list $splits/train.txt --validation-list $splits/validation.txt --test-list $splits/test.txt \
  --labels models/recipe/labels.txt --seed 20261124 --json "$run/train.json" \
  --name "Land cover (7 classes)" --licence "$licence" \
  --description "Seven kinds of land cover in overhead tiles, trained on RSSCN7 for this project. Other imagery and other classes need fine-tuning."
"$tilelens" evaluate "$data" --list $splits/test.txt --json models/land-cover.json --svg models/land-cover.svg
