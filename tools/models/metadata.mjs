/**
 * What catalogues read of the shipped models: a STAC item with the machine learning extension for each, and the front
 * matter of its card, as Hugging Face reads it. Both are made of what the model file says of itself and of the figures
 * that `tilelens evaluate` wrote.
 *
 *     node tools/models/metadata.mjs [--check]
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sha256 } from '../service-worker-build.mjs';

const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));
const STAC_VERSION = '1.1.0';
const EXTENSIONS = [
  'https://stac-extensions.github.io/mlm/v1.6.0/schema.json',
  'https://stac-extensions.github.io/classification/v2.0.0/schema.json',
  'https://stac-extensions.github.io/file/v2.1.0/schema.json',
];
const BACKBONE = 'overhead';
/** When they were trained. */
const CREATED = '2026-11-29T00:00:00Z';
const IMAGENET = "torchvision's MobileNet_V3_Small_Weights.IMAGENET1K_V1";
/** Numbers that the backbone gives for a tile. */
const FEATURES = 576;

/** @typedef {'overhead' | 'overhead-scenes' | 'sentinel-2'} Name */
/** What no file says: the name of the data by which a head was judged, as catalogues know it. @type {Record<Name, { dataset: string, type: string, tags: string[] }>} */
const ABOUT = {
  overhead: { dataset: '', type: '', tags: ['feature-extraction'] },
  'overhead-scenes': { dataset: 'AID, and five classes of RSSCN7', type: 'aid', tags: ['scene-classification', 'aerial-imagery'] },
  'sentinel-2': { dataset: 'EuroSAT RGB', type: 'eurosat', tags: ['land-cover', 'sentinel-2'] },
};

/** @param {string} name */
async function modelFile(name) {
  const bytes = await readFile(path.join(MODELS, `${name}.safetensors`));
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString('utf8'));
  const { __metadata__: metadata, ...tensors } = header;
  const parameters = Object.values(tensors).reduce((sum, { shape }) => sum + shape.reduce((/** @type {number} */ product, /** @type {number} */ side) => product * side, 1), 0);
  return { manifest: JSON.parse(metadata.tilelens), parameters, bytes: bytes.length, digest: sha256(bytes) };
}

/** @param {Awaited<ReturnType<typeof modelFile>>} file @param {string} name @param {string} title */
function weights({ bytes, digest }, name, title) {
  return {
    href: `./${name}.safetensors`,
    title,
    type: 'application/vnd.safetensors',
    roles: ['mlm:model', 'mlm:weights'],
    'mlm:artifact_type': 'safetensors',
    'file:size': bytes,
    // A multihash: SHA-256, of 32 bytes.
    'file:checksum': `1220${digest}`,
  };
}

/** @param {Name} name */
async function stacItem(name) {
  const [file, backbone] = await Promise.all([modelFile(name), modelFile(BACKBONE)]);
  const { name: title, purpose, data, labels, preprocessing, provenance, ground_resolution_m: resolution } = file.manifest;
  const isBackbone = name === BACKBONE;
  const side = preprocessing.crop_px;
  const task = isBackbone ? 'similarity-search' : 'scene-classification';
  const scaling = preprocessing.mean.map((/** @type {number} */ mean, /** @type {number} */ band) => ({ type: 'z-score', mean, stddev: preprocessing.std[band] }));
  const input = {
    name: 'A tile in true colour',
    bands: ['red', 'green', 'blue'],
    input: { shape: [-1, 3, side, side], dim_order: ['batch', 'bands', 'height', 'width'], data_type: 'float32' },
    // One for each band.
    value_scaling: scaling,
    resize_type: 'crop',
    pre_processing_function: { format: 'text', expression: `values / 255; resized to ${preprocessing.resize_px} pixels on the shorter side, then the centre square` },
    ...(resolution && { description: `Pixels of ${[...new Set(resolution)].join(' to ')} m on the ground` }),
  };
  const output = {
    name: isBackbone ? 'Features' : 'Probabilities of the classes',
    tasks: [task],
    result: { shape: [-1, isBackbone ? FEATURES : labels.length], dim_order: ['batch', isBackbone ? 'feature' : 'class'], data_type: 'float32' },
    ...(!isBackbone && { 'classification:classes': labels.map((/** @type {string} */ label, /** @type {number} */ value) => ({ value, name: label, description: label })) }),
    post_processing_function: null,
  };
  const properties = {
    title,
    description: [purpose, data && `Trained on ${data}.`, provenance.description].filter(Boolean).join('. ').replaceAll('..', '.'),
    datetime: CREATED,
    license: 'other',
    'mlm:name': title,
    'mlm:architecture': 'MobileNetV3-Small',
    'mlm:tasks': [task],
    'mlm:total_parameters': file.parameters + (isBackbone ? 0 : backbone.parameters),
    'mlm:pretrained': true,
    'mlm:pretrained_source': IMAGENET,
    'mlm:accelerator': null,
    'mlm:accelerator_constrained': false,
    'mlm:input': [input],
    'mlm:output': [output],
  };
  const assets = {
    ...(isBackbone ? { backbone: weights(file, name, 'Backbone') } : { head: weights(file, name, 'Head'), backbone: weights(backbone, BACKBONE, 'Backbone that the head belongs to') }),
    ...(!isBackbone && {
      evaluation: { href: `./${name}.json`, title: 'Figures on the test tiles', type: 'application/json', roles: ['metadata'] },
      confusion: { href: `./${name}.svg`, title: 'Confusion matrix', type: 'image/svg+xml', roles: ['overview'] },
    }),
  };
  const links = [
    { rel: 'about', href: `./${name}.md`, type: 'text/markdown', title: 'Model card' },
    { rel: 'license', href: './LICENSE-torchvision', type: 'text/plain', title: 'Licence of the weights that the backbone began with' },
  ];
  return { type: 'Feature', stac_version: STAC_VERSION, stac_extensions: EXTENSIONS, id: `tilelens-${name}`, geometry: null, properties, links, assets };
}

/** The front matter of a card. A JSON value is a YAML value. @param {Name} name */
async function frontMatter(name) {
  const { manifest } = await modelFile(name);
  const { dataset, type, tags } = ABOUT[name];
  const figures = name === BACKBONE ? null : JSON.parse(await readFile(path.join(MODELS, `${name}.json`), 'utf8'));
  const fields = {
    license: 'other',
    license_name: 'mit-or-apache-2.0-on-bsd-3-clause',
    license_link: 'LICENSE-torchvision',
    library_name: 'tilelens',
    pipeline_tag: name === BACKBONE ? 'image-feature-extraction' : 'image-classification',
    tags: ['remote-sensing', 'satellite', 'mobilenet-v3', ...tags],
    ...(figures && {
      metrics: ['accuracy'],
      'model-index': [
        {
          name: manifest.name,
          results: [
            {
              task: { type: 'image-classification' },
              dataset: { type, name: `${dataset}: ${figures.tiles} test tiles` },
              metrics: [{ type: 'accuracy', value: Number(figures.accuracy.toFixed(4)) }],
            },
          ],
        },
      ],
    }),
  };
  return `---\n${Object.entries(fields).map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join('\n')}\n---\n`;
}

/** What each file has to hold. @returns {Promise<Map<string, string>>} */
async function wanted() {
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const name of /** @type {Name[]} */ (Object.keys(ABOUT))) {
    files.set(`${name}.stac.json`, `${JSON.stringify(await stacItem(name), null, 2)}\n`);
    const card = await readFile(path.join(MODELS, `${name}.md`), 'utf8');
    files.set(`${name}.md`, (await frontMatter(name)) + card.replace(/^---\n[^]*?\n---\n/, ''));
  }
  return files;
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
for (const [name, content] of await wanted()) {
  const file = path.join(MODELS, name);
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known === content) continue;
  if (values.check) {
    console.error(`models/${name} is not what the model file says: run node tools/models/metadata.mjs, and commit it`);
    process.exitCode = 1;
  } else {
    await writeFile(file, content);
    console.log(`wrote models/${name}`);
  }
}
