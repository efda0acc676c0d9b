/** A page of a stranger's, which does with the package what its README says, and leaves what came of it for the test. */

import { Classifier, TilelensError } from 'tilelens';
import 'tilelens/element';

/** @param {HTMLImageElement | ImageBitmap} image */
function canvasOf(image) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  return canvas;
}

async function run() {
  const address = new URL('tile.jpg', document.baseURI);
  const file = new File([await (await fetch(address)).blob()], 'tile.jpg');
  const assets = document.body.dataset.assets;
  const classifier = await Classifier.open(assets ? { assets } : {});
  const bitmap = await createImageBitmap(file);
  const canvas = canvasOf(bitmap);
  const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
  const video = new VideoFrame(canvas, { timestamp: 0 });
  const sources = { address, file, bytes: await file.arrayBuffer(), bitmap, canvas, pixels: /** @type {ImageData} */ (pixels), video };
  const single = await classifier.classify(file);
  const many = await classifier.classify([...Object.values(sources), new Blob(['no image'])]);
  const probabilities = many.map((result) => (result instanceof TilelensError ? result.code : result.probability));
  const features = await classifier.features(file);
  const samples = Array.from({ length: 8 }, (_, index) => ({ source: index % 2 ? canvas : flipped(canvas, index), label: index % 2 ? 'as it is' : 'drawn over' }));
  let epochs = 0;
  await classifier.train(samples, { epochs: 5, augmentation: false }, () => void (epochs += 1));
  const onnx = await classifier.exportModel('onnx');
  const trained = { labels: classifier.labels, epochs, onnxBytes: onnx.size };
  classifier.dispose();
  const disposed = await classifier.classify(file).catch((error) => error.code);
  return { label: single.label, sources: Object.keys(sources), probabilities, features: features.length, trained, disposed };
}

/** @param {HTMLCanvasElement} canvas @param {number} seed */
function flipped(canvas, seed) {
  const other = canvasOf(/** @type {any} */ (canvas));
  const drawing = /** @type {CanvasRenderingContext2D} */ (other.getContext('2d'));
  drawing.fillStyle = `hsl(${seed * 40} 80% 50%)`;
  drawing.fillRect(0, 0, other.width, other.height / 2);
  return other;
}

const outcome = await run().catch((error) => ({ failed: `${error.stack}` }));
document.body.dataset.outcome = JSON.stringify(outcome);
