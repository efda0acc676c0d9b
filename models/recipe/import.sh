#!/usr/bin/env bash
# Makes models/land-cover.safetensors from the checkpoint that train.py wrote.
set -euo pipefail
checkpoint=$(realpath "${1:?usage: ./import.sh run/land-cover.pth}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo run --release --bin tilelens -- import "$checkpoint" \
  --output models/land-cover.safetensors \
  --labels models/recipe/labels.txt \
  --name "Land cover (7 classes)" \
  --dropout-rate 0.2 \
  --dtype f16 \
  --description "Seven kinds of land cover in overhead tiles, trained on RSSCN7 for this project. Other imagery and other classes need fine-tuning." \
  --licence "MIT OR Apache-2.0 for the weights; the training images' authors state no licence"
