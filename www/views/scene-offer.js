/** A large raster may be one tile, or a scene to be cut into cells: the user says which, or has said it for all. */

import { byId, element, isolated, stemOf } from './dom.js';
import { notify } from './notices.js';
import { remember, remembered } from './remembered.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('./intake.js').NewFile} NewFile */
/** @typedef {import('../scene/scene-desk.js').SceneDesk} SceneDesk */
/** @typedef {'ask' | 'scene' | 'tile'} Rule What becomes of large rasters. */

const RASTER = /\.(tiff?|gtiff|geotiff|cog)$/i;
const PICTURE = /\.(jpe?g|png|webp)$/i;
/** What stands beside a raster or a picture: says where it lies, hides a part of it, or shows it smaller. */
const SIDECAR = /\.(tfw|tifw|jgw|jpgw|jpegw|pgw|pngw|wpw|webpw|wld|aux\.xml|msk|ovr)$/i;
/** Rasters of fewer bytes are not even looked at: they can hardly be large. */
const LEAST_BYTES = 200_000;
/** From this many pixels a side on it may be a scene, unless the user says otherwise. */
const USUAL_SIDE_PX = 1000;
/** Fewer pixels a side are no scene. */
const LEAST_SIDE_PX = 16;

/** What the user has said. @returns {{ sidePx: number, rule: Rule }} */
function choice() {
  const sidePx = remembered('tilelens-scenes', 'sidePx', USUAL_SIDE_PX);
  const rule = remembered('tilelens-scenes', 'rule', /** @type {string} */ ('ask'));
  return { sidePx: sidePx >= LEAST_SIDE_PX ? sidePx : USUAL_SIDE_PX, rule: rule === 'scene' || rule === 'tile' ? rule : 'ask' };
}

/** @typedef {Map<string, NewFile>} Company Files that came together, by their names in lower case. */

/** @param {NewFile[]} files @returns {Company} */
function companyOf(files) {
  return new Map(files.map((file) => [file.name.toLowerCase(), file]));
}

/** What stands beside a file and says where it lies. @param {NewFile} file @param {Company} company */
function beside({ name }, company) {
  const lower = name.toLowerCase();
  const stem = stemOf(lower);
  const extension = lower.slice(stem.length + 1);
  // As ESRI names them: the first and the last letter and a w, or all of it and a w.
  const worlds = [`${extension.at(0)}${extension.at(-1)}w`, `${extension}w`, 'tfw', 'wld'];
  const world = worlds.map((ending) => company.get(`${stem}.${ending}`)).find((found) => found !== undefined);
  return { world: world ?? null, auxXml: company.get(`${lower}.aux.xml`) ?? null };
}

/** @param {NewFile} file @param {Company} company */
async function sidecarsOf(file, company) {
  const { world, auxXml } = beside(file, company);
  const text = async (/** @type {NewFile | null} */ found) => (found ? found.file.text().catch(() => null) : null);
  return { world: await text(world), auxXml: await text(auxXml) };
}

/**
 * Whether it may be a scene: a large raster, or a picture of which something says where it lies. A photograph is a tile.
 * @param {NewFile} file
 * @param {Company} company
 */
function mayBeScene(file, company) {
  if (RASTER.test(file.name)) return file.file.size >= LEAST_BYTES;
  const { world, auxXml } = beside(file, company);
  return PICTURE.test(file.name) && (world !== null || auxXml !== null);
}

/** Its width and height; null where it cannot be opened. @param {SceneDesk} desk @param {NewFile} file */
async function sizeOf(desk, { name, file }) {
  try {
    if (RASTER.test(name)) return await desk.look(file);
    const picture = await createImageBitmap(file);
    const size = { widthPx: picture.width, heightPx: picture.height };
    picture.close();
    return size;
  } catch {
    // What cannot be opened says so as a tile.
    return null;
  }
}

/**
 * @param {SceneDesk} desk
 * @param {() => void} showMap
 */
export function setUpSceneOffer(desk, showMap) {
  const dialog = byId('scene-dialog', HTMLDialogElement);
  const words = byId('scene-dialog-words', HTMLElement);
  const always = byId('scene-always', HTMLInputElement);
  const side = byId('scene-side', HTMLInputElement);

  /** @param {{ name: string, widthPx: number, heightPx: number }[]} large @returns {Promise<'scene' | 'tile' | 'cancel'>} */
  function ask(large) {
    const { sidePx } = choice();
    side.value = String(sidePx);
    always.checked = false;
    words.replaceChildren(
      ...large.slice(0, 5).map(({ name, widthPx, heightPx }) => element('li', { dir: 'auto' }, `${name}: ${widthPx.toLocaleString()} × ${heightPx.toLocaleString()} pixels`)),
      ...(large.length > 5 ? [element('li', {}, `and ${large.length - 5} more`)] : []),
    );
    dialog.returnValue = 'cancel';
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener('close', () => {
        const answer = dialog.returnValue === 'scene' || dialog.returnValue === 'tile' ? dialog.returnValue : 'cancel';
        const wanted = Math.round(Number(side.value));
        if (answer !== 'cancel') remember('tilelens-scenes', { sidePx: wanted >= LEAST_SIDE_PX ? wanted : USUAL_SIDE_PX, rule: always.checked ? answer : 'ask' });
        resolve(answer);
      }, { once: true });
    });
  }

  /** Whether a scene lacked this file. @param {NewFile} file */
  async function isGivenBack({ name, file }) {
    const found = await desk.reunite(file);
    if (found === 'differs') notify(`${isolated(name)} has the name and size of a file that a scene lacks, but other content. It is added as a file of its own.`);
    return found === 'reunited';
  }

  /** @param {NewFile[]} scenes @param {Company} company @param {string} projectId the project that was open when they came */
  async function openScenes(scenes, company, projectId) {
    for (const file of scenes) {
      try {
        await desk.add(file.file, await sidecarsOf(file, company), projectId);
        showMap();
        const mask = company.get(`${file.name.toLowerCase()}.msk`);
        if (mask) notify(`${isolated(mask.name)} is not read: pixels that it hides count as data. To put it into the file, use gdal_translate --config GDAL_TIFF_INTERNAL_MASK YES in.tif out.tif`);
      } catch (thrown) {
        notify(`${isolated(file.name)} could not be opened as a scene. ${thrownSentence(thrown)}`);
      }
    }
  }

  /** Those that no scene lacked. @param {NewFile[]} files */
  async function giveBack(files) {
    /** @type {NewFile[]} */
    const strange = [];
    for (const file of files) if (!(await isGivenBack(file))) strange.push(file);
    return strange;
  }

  /**
   * Opens those that are scenes.
   * @param {NewFile[]} files
   * @param {string} projectId the project that was open when they came
   * @returns {Promise<NewFile[]>} the others
   */
  async function takeScenes(files, projectId) {
    const { sidePx, rule } = choice();
    const strange = await giveBack(files);
    if (strange.length < files.length) showMap();
    if (rule === 'tile') return strange;
    const company = companyOf(files);
    const candidates = strange.filter((file) => mayBeScene(file, company));
    /** @type {{ file: NewFile, widthPx: number, heightPx: number }[]} */
    const large = [];
    for (const file of candidates) {
      const size = await sizeOf(desk, file);
      if (size && Math.max(size.widthPx, size.heightPx) >= sidePx) large.push({ file, widthPx: size.widthPx, heightPx: size.heightPx });
    }
    if (large.length === 0) return strange;
    const answer = rule === 'scene' ? rule : await ask(large.map(({ file, ...size }) => ({ name: file.name, ...size })));
    if (answer === 'tile') return strange;
    const chosen = new Set(large.map(({ file }) => file));
    const others = strange.filter((file) => !chosen.has(file));
    if (answer === 'cancel') return others;
    await openScenes([...chosen], company, projectId);
    return others.filter(({ name }) => !SIDECAR.test(name));
  }

  /** Opens all of them, however large they are. @param {NewFile[]} files @param {string} projectId as above */
  async function openAll(files, projectId) {
    const strange = await giveBack(files.filter(({ name }) => !SIDECAR.test(name)));
    await openScenes(strange, companyOf(files), projectId);
  }

  return { takeScenes, openScenes: openAll };
}
