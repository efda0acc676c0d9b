/** How to use a model that was taken away, as text to copy. */

/** @typedef {{ label: string, fileName: string, help: string, snippet: string }} Form One of the forms that a model is offered in. */

/**
 * The form as Tilelens reads it.
 * @param {string} stem of the file's name
 * @returns {Form}
 */
export function modelFileForm(stem) {
  const fileName = `${stem}.safetensors`;
  return {
    label: 'Tilelens model file',
    fileName,
    help: 'For this page ("Open a model file…") and for the command line: backbone, head, labels and preprocessing in one file.',
    snippet: `tilelens classify folder/of/tiles --model ${fileName}\n`,
  };
}

/**
 * The form that PyTorch reads without Tilelens.
 * @param {string} stem
 * @returns {Form}
 */
export function safetensorsForm(stem) {
  const fileName = `${stem}-f32.safetensors`;
  return {
    label: 'safetensors, 32 bits',
    fileName,
    help: "For PyTorch: torchvision's layer names, the head under head.*, everything else in the metadata.",
    snippet: `import json, sys
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torchvision.io import ImageReadMode, decode_image
from torchvision.models import mobilenet_v3_small
from torchvision.transforms import v2

path, tile = "${fileName}", sys.argv[1]
with safe_open(path, "pt") as file:
    model = json.loads(file.metadata()["tilelens"])
weights = load_file(path)
backbone = mobilenet_v3_small()
backbone.load_state_dict({k: v for k, v in weights.items() if k.startswith("features.")}, strict=False)
head = model["classifier"]
backbone.classifier = torch.nn.Sequential(
    torch.nn.Linear(576, head["dense_neurons"]), torch.nn.ReLU(), torch.nn.Linear(head["dense_neurons"], head["num_classes"])
)
backbone.classifier.load_state_dict(
    {f"{i}.{part}": weights[f"head.{name}.{part}"] for i, name in ((0, "dense"), (2, "output")) for part in ("weight", "bias")}
)
p = model["preprocessing"]
prepare = v2.Compose([
    v2.Resize(p["resize_px"]), v2.CenterCrop(p["crop_px"]), v2.ToDtype(torch.float32, scale=True), v2.Normalize(p["mean"], p["std"]),
])
with torch.inference_mode():
    logits = backbone.eval()(prepare(decode_image(tile, ImageReadMode.RGB))[None])
probabilities = torch.softmax(logits / model["temperature"], 1)[0]
for label, probability in zip(model["labels"], probabilities.tolist()):
    print(f"{label}\\t{probability:.4f}")
`,
  };
}

/**
 * The form that onnxruntime and many others read.
 * @param {string} stem
 * @returns {Form}
 */
export function onnxForm(stem) {
  const fileName = `${stem}.onnx`;
  return {
    label: 'ONNX',
    fileName,
    help: 'For onnxruntime, on any system and in any language; scaling of the values, labels and rules for the image are in the file.',
    snippet: `import json, sys
import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession("${fileName}")
metadata = session.get_modelmeta().custom_metadata_map
labels = json.loads(metadata["tilelens.labels"])
rules = json.loads(metadata["tilelens.preprocessing"])

image = Image.open(sys.argv[1]).convert("RGB")
scale = rules["resize_px"] / min(image.size)
image = image.resize([int(side * scale) for side in image.size], Image.Resampling.BILINEAR)
crop = rules["crop_px"]
left, top = ((side - crop) // 2 for side in image.size)
image = image.crop((left, top, left + crop, top + crop))
pixels = np.asarray(image, dtype=np.float32).transpose(2, 0, 1)[None]

probabilities = session.run(["probabilities"], {"images": pixels})[0][0]
for label, probability in zip(labels, probabilities):
    print(f"{label}\\t{probability:.4f}")
`,
  };
}
