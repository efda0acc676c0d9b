// Compiled with `strict`, as a stranger's project is: each line is a promise of the types.
import { Classifier, TilelensError, type Classification, type DeviceChoice, type Heatmap, type ModelInfo, type TileSource, type TrainSettings, type TrainingProgress, type TrainingReport } from 'tilelens';
import { TileClassifierElement } from 'tilelens/element';

const settings: TrainSettings = { epochs: 20, dropoutRate: 0.3, validationFraction: 0.2, name: 'Mine' };
const sources: readonly TileSource[] = ['tile.jpg', new URL('https://example.org/tile.png'), new Uint8Array(8)];

export async function use(canvas: HTMLCanvasElement, frame: VideoFrame, file: File): Promise<string[]> {
  const classifier = await Classifier.open({ head: 'sentinel-2', device: 'cpu', onProgress: ({ loadedBytes }) => loadedBytes.toFixed() });
  const one: Classification = await classifier.classify(canvas, { averaged: true });
  const many = await classifier.classify([frame, file, ...sources], { onResult: (result, index) => console.log(result, index.toFixed()) });
  const labels = many.map((result) => (result instanceof TilelensError ? result.code : result.label));
  const width: number = (await classifier.features(file)).length;
  const report = await classifier.train([{ source: file, label: one.label }], settings, ({ epoch, loss }) => console.log(epoch.toFixed(), loss.toFixed(width)));
  const accuracy: number | undefined = report.evaluation?.accuracy;
  const model: Blob = await classifier.exportModel('onnx');
  classifier.dispose();
  return [...labels, String(accuracy), String(model.size), classifier.device.why.code];
}

export async function name(given: string | string[], told: (progress: TrainingProgress) => void): Promise<[Heatmap, ModelInfo, DeviceChoice, TrainingReport]> {
  const classifier = await Classifier.open();
  const results = await classifier.classify(given);
  console.log(Array.isArray(results) ? results.length : results.label);
  const report = await classifier.train([{ source: 'tile.jpg', label: 'forest' }], settings, told);
  return [await classifier.heatmap('tile.jpg'), classifier.model, classifier.device, report];
}

const made = document.createElement('tile-classifier');
made.addEventListener('classified', ({ detail }) => console.log(detail.file.name, detail.classification.label));
made.addEventListener('failed', ({ detail }) => console.log(detail.file.name, detail.error.code));
void made.classify([]);

// @ts-expect-error There is no such thing to classify.
void Classifier.open().then((classifier) => classifier.classify({ nonsense: 1 }));
// @ts-expect-error There is no such head.
void Classifier.open({ head: 'tree-species' });
// @ts-expect-error A single tile gives a single answer.
void Classifier.open().then(async (classifier) => (await classifier.classify('tile.jpg')).map(String));

export const element: TileClassifierElement = new TileClassifierElement();
