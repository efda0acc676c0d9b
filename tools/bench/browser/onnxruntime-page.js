/**
 * A classifier of tiles as somebody would write it in an afternoon: onnxruntime-web in the page, with a thread for each
 * core. The tiles that are dropped are decoded and classified one after the other; each is shown with its class.
 */
import * as ort from 'onnxruntime-web/wasm';
import { loaderOf } from './onnxruntime-network.js';

const SIDE = 224;
/** ImageNet's channel means and deviations (torchvision.transforms, IMAGENET1K_V1). */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

const progress = /** @type {HTMLProgressElement} */ (document.querySelector('#batch-bar'));
const drawing = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true }));

const network = await loaderOf(ort)({ provider: 'wasm', threads: navigator.hardwareConcurrency });
/** @type {string[]} */
const labels = await (await fetch('labels.json')).json();

/** @param {File} file */
async function imageOf(file) {
  const picture = await createImageBitmap(file, { resizeWidth: SIDE, resizeHeight: SIDE });
  drawing.drawImage(picture, 0, 0);
  picture.close();
  const { data } = drawing.getImageData(0, 0, SIDE, SIDE);
  const image = new Float32Array(3 * SIDE * SIDE);
  for (let channel = 0; channel < 3; channel += 1) {
    for (let pixel = 0; pixel < SIDE * SIDE; pixel += 1) {
      image[channel * SIDE * SIDE + pixel] = (data[pixel * 4 + channel] / 255 - MEAN[channel]) / DEVIATION[channel];
    }
  }
  return image;
}

/** @param {File} file */
async function classify(file) {
  const probabilities = await network.run(await imageOf(file), 1);
  const confidence = Math.max(...probabilities);
  const figure = document.createElement('figure');
  figure.dataset.class = labels[probabilities.indexOf(confidence)];
  const image = new Image(150, 150);
  image.src = URL.createObjectURL(file);
  const line = document.createElement('figcaption');
  line.textContent = `${file.name}: ${figure.dataset.class} ${Math.round(confidence * 100)} %`;
  figure.append(image, line);
  document.body.append(figure);
}

window.addEventListener('dragover', (event) => event.preventDefault());
window.addEventListener('drop', async (event) => {
  event.preventDefault();
  const files = [...(event.dataTransfer?.files ?? [])];
  progress.max = files.length;
  for (const file of files) {
    await classify(file);
    progress.value += 1;
  }
});
document.documentElement.dataset.engine = 'ready';
