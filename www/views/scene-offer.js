/** A large raster may be one tile, or a scene to be cut into cells: the user says which, or has said it for all. */

import { byId, element, isolated, stemOf } from './dom.js';
import { notify } from './notices.js';
import { remember, remembered } from './remembered.js';
import { thrownSentence } from './sentences.js';

/** @typedef {import('./intake.js').NewFile} NewFile */
/** @typedef {import('../scene/scene-desk.js').SceneDesk} SceneDesk */
/** @typedef {'ask' | 'scene' | 'tile'} Rule What becomes of large rasters. */

const RASTER = /\.(tiff?|gtiff|geotiff|cog)$/i;
/** What stands beside a raster. */
const SIDECAR = /\.(tfw|tifw|wld|aux\.xml)$/i;
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

/** The text of the file of one of these names, where it came along. @param {NewFile[]} company @param {string[]} names */
async function textBeside(company, names) {
  const wanted = names.map((name) => name.toLowerCase());
  const found = company.find(({ name }) => wanted.includes(name.toLowerCase()));
  return found ? found.file.text().catch(() => null) : null;
}

/** @param {NewFile} file @param {NewFile[]} company */
async function sidecarsOf({ name }, company) {
  return {
    world: await textBeside(company, ['tfw', 'tifw', 'wld'].map((ending) => `${stemOf(name)}.${ending}`)),
    auxXml: await textBeside(company, [`${name}.aux.xml`]),
  };
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

  /** @param {NewFile[]} scenes @param {NewFile[]} company files that stand beside them */
  async function openScenes(scenes, company) {
    for (const file of scenes) {
      try {
        if (desk.reunite(file.file)) continue;
        await desk.add(file.file, await sidecarsOf(file, company));
        showMap();
      } catch (thrown) {
        notify(`${isolated(file.name)} could not be opened as a scene. ${thrownSentence(thrown)}`);
      }
    }
  }

  /**
   * Opens those that are scenes.
   * @param {NewFile[]} files
   * @returns {Promise<NewFile[]>} the others
   */
  async function takeScenes(files) {
    const { sidePx, rule } = choice();
    const strange = files.filter(({ file }) => !desk.reunite(file));
    if (strange.length < files.length) showMap();
    const candidates = strange.filter(({ name, file }) => RASTER.test(name) && file.size >= LEAST_BYTES);
    if (candidates.length === 0 || rule === 'tile') return strange;
    /** @type {{ file: NewFile, widthPx: number, heightPx: number }[]} */
    const large = [];
    for (const file of candidates) {
      // What cannot be opened says so as a tile.
      const info = await desk.look(file.file).catch(() => null);
      if (info && Math.max(info.widthPx, info.heightPx) >= sidePx) large.push({ file, widthPx: info.widthPx, heightPx: info.heightPx });
    }
    if (large.length === 0) return strange;
    const answer = rule === 'scene' ? rule : await ask(large.map(({ file, ...size }) => ({ name: file.name, ...size })));
    if (answer === 'tile') return strange;
    const chosen = new Set(large.map(({ file }) => file));
    const others = strange.filter((file) => !chosen.has(file));
    if (answer === 'cancel') return others;
    await openScenes([...chosen], files);
    return others.filter(({ name }) => !SIDECAR.test(name));
  }

  return { takeScenes, openScenes: (/** @type {NewFile[]} */ files) => openScenes(files.filter(({ name }) => !SIDECAR.test(name)), files) };
}
