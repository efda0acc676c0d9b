/** Which project is open, whether it is kept, and what can be done with it. */

import { askToLast, isReminderDue } from '../project/lasting.js';
import { offerFiles } from './archive-offer.js';
import { byId, counted, download, isolated, setUpFilePicker } from './dom.js';
import { notify, notifyProgress } from './notices.js';
import { remember, remembered } from './remembered.js';
import { thrownSentence } from './sentences.js';
import { offerUndo } from './undo-offer.js';

/** @typedef {import('../project/autosave.js').Autosave} Autosave */
/** @typedef {import('../project/archive/import.js').LeftOut} LeftOut */
/** @typedef {import('../project/archive/omissions.js').Omissions} Omissions */
/** @typedef {import('../project/projects.js').Projects} Projects */
/** @typedef {import('../project/workspace.js').Workspace} Workspace */
/** @typedef {import('./archive-offer.js').Page} ArchivePage */

/** File systems take 255 bytes, and a character may have four. */
const MOST_CHARACTERS = 60;

/** Whether the project is kept, as the bar says it: its width does not change from save to save. */
const SHORT = { notKept: 'Not kept', saving: 'Saved', saved: 'Saved', failed: 'Not saved' };

const DELETES = 'may delete it when the disk is nearly full, and Safari does after seven days without a visit';
/** What the browser promised of it. @type {Record<import('../project/lasting.js').Lasting, string>} */
const LASTING = {
  unknown: '.',
  promised: ', which promised to keep it until you delete it.',
  refused: `. The browser ${DELETES}: export the project as a file, too.`,
};

const MAY_BE_DELETED = `Only this browser has the project. It ${DELETES}.`;
/** A project that is older was not begun in this visit. */
const DAY_MS = 24 * 60 * 60 * 1000;

/** What reads and writes zip files is fetched when it is needed; a browser does not ask again for a module that failed. */
function archives() {
  return import('../project/archive.js').catch(() => {
    throw new Error('The part of the page that reads and writes project files could not be downloaded. Check your connection, then reload the page. What is saved in this browser stays.');
  });
}

/**
 * @param {{ projects: Projects, workspace: Workspace, autosave: Autosave | null } & ArchivePage} page
 */
export function setUpProjectBar({ projects, workspace, autosave, ...page }) {
  const picker = byId('project-picker', HTMLSelectElement);
  const name = byId('project-name', HTMLInputElement);
  const status = byId('project-status', HTMLElement);
  const short = byId('project-state', HTMLElement);
  const deletion = byId('delete-project', HTMLButtonElement);
  let closeNotice = () => {};
  let closeElsewhere = () => {};
  /** @type {import('../project/lasting.js').Lasting} */
  let lasting = 'unknown';
  /** @type {Promise<void> | null} */
  let asking = null;
  let closeReminder = () => {};
  let closeUnreadable = () => {};

  /** Does what may fail, and says so. @param {() => Promise<unknown>} work */
  async function attempt(work) {
    try {
      await work();
    } catch (thrown) {
      notify(thrownSentence(thrown));
    }
  }

  async function drawList() {
    const known = await projects.list();
    const options = known.map(({ id, name: title, tileCount }) => new Option(optionText(title, tileCount), id));
    if (!known.some(({ id }) => id === workspace.id)) options.unshift(new Option('Not kept yet', workspace.id));
    picker.replaceChildren(...options);
    picker.value = workspace.id;
  }

  /** While tiles stream in they are saved one after the other: the open project's entry needs no look at the store. */
  function drawOpenProject() {
    const option = [...picker.options].find(({ value }) => value === workspace.id);
    if (option && autosave) option.text = optionText(workspace.name, autosave.tileCount);
  }

  const drawName = () => {
    if (document.activeElement !== name) name.value = workspace.name;
  };

  function drawStatus() {
    closeNotice();
    closeNotice = () => {};
    document.documentElement.dataset.project = autosave?.state ?? 'refused';
    deletion.disabled = !autosave?.isKept;
    deletion.title = deletion.disabled ? 'Nothing of this project is kept in this browser yet' : '';
    if (!autosave) {
      short.textContent = 'Not kept';
      status.textContent = 'Not kept: this browser does not let the page store anything. Export the project before you leave.';
      return;
    }
    const { state, error } = autosave;
    if (state === 'saved') learnLasting();
    const texts = {
      notKept: 'Kept in this browser as soon as it has a class or a name.',
      saving: 'Saving…',
      saved: `Saved in this browser${LASTING[lasting]}`,
      failed: 'Not saved.',
    };
    status.textContent = texts[state];
    short.textContent = SHORT[state];
    if (state === 'failed' && error) {
      closeNotice = notify(error.message, [
        { label: 'Export the project', act: exportProject },
        { label: 'Try again', act: () => autosave.save() },
      ]);
    }
  }

  /** Asked once, when a project is first kept. */
  function learnLasting() {
    asking ??= askToLast().then((answer) => {
      lasting = answer;
      drawStatus();
    });
    return asking;
  }

  /** Where the browser may delete the project, and no file of it was written for a while. */
  async function remindToExport() {
    if (!autosave?.isKept) return;
    await learnLasting();
    if (!isReminderDue(lasting, remembered('tilelens-window', 'remindedAt', 0))) return;
    remember('tilelens-window', { remindedAt: Date.now() });
    closeReminder = notify(MAY_BE_DELETED, [{ label: 'Export the project', act: () => exportProject() }], 'news');
  }

  function drawElsewhere() {
    if (!projects.elsewhere) return;
    const { id, wasHere } = projects.elsewhere;
    closeElsewhere();
    closeElsewhere = notify(
      wasHere
        ? 'The project was opened in another tab, with everything you did here. A project is open in one tab at a time, so that no label is lost.'
        : 'This project is open in another tab. Continue there, or open it here.',
      [{ label: 'Open it here', act: () => attempt(() => projects.openFromElsewhere(id)) }],
      'news',
    );
    drawList();
  }

  /** @param {boolean} mayLack whether the user knows that something cannot be read */
  async function exportProject(mayLack = false) {
    closeUnreadable();
    const progress = notifyProgress('Writing the project file');
    await attempt(async () => {
      const { exportArchive, omissions, without } = await archives();
      const omitted = await omissions(projects.snapshot());
      if (!mayLack && omitted.unreadable.length + omitted.models.length > 0) {
        const hasCopies = autosave !== null && autosave.isKept && autosave.state === 'saved';
        closeUnreadable = notify(unreadableSentence(omitted, hasCopies), [{ label: 'Export the rest', act: () => exportProject(true) }]);
        return;
      }
      download(await exportArchive(without(projects.snapshot(), omitted), progress.tell), `${fileName(workspace.name) || 'tilelens-project'}.zip`);
      workspace.takeAway();
      remember('tilelens-window', { remindedAt: Date.now() });
      closeReminder();
      if (omitted.scenes.length > 0) notify(lackingScenesSentence(omitted), [], 'news');
      if (omitted.tooLarge.length > 0) notify(tooLargeSentence(omitted), [], 'news');
    });
    progress.close();
  }

  /** A project is opened; the images of another archive are offered as tiles. @param {File} archive */
  async function importProject(archive) {
    const progress = notifyProgress(`Opening “${isolated(archive.name)}”`);
    await attempt(async () => {
      const { importArchive, isOfOneEntry, packedFiles } = await archives();
      const imported = await importArchive(archive, progress.tell).catch((thrown) => {
        if (thrown.code !== 'project.not_a_project') throw thrown;
        return null;
      });
      if (!imported) return offerFiles(page, archive.name, await packedFiles(archive), isOfOneEntry);
      const { project, leftOut } = imported;
      progress.tell(1);
      await projects.adopt(project);
      if (leftOut.length > 0) notify(leftOutSentence(leftOut));
    });
    progress.close();
  }

  async function remove() {
    const title = isolated(workspace.name || 'Untitled');
    await projects.remove();
    offerUndo(`Deleted the project “${title}”.`, () => attempt(() => projects.takeBack()), () => attempt(() => projects.forgetRemoved()));
  }

  picker.addEventListener('change', () => attempt(() => projects.open(picker.value)));
  name.addEventListener('change', () => workspace.rename(name.value));
  name.addEventListener('keydown', ({ key }) => key === 'Enter' && name.blur());
  byId('new-project', HTMLButtonElement).addEventListener('click', () => attempt(() => projects.create()));
  byId('export-project', HTMLButtonElement).addEventListener('click', () => exportProject());
  setUpFilePicker('import-project', 'project-file', importProject);
  byId('open-project', HTMLButtonElement).addEventListener('click', () => byId('project-file', HTMLInputElement).click());
  deletion.addEventListener('click', () => {
    const what = `Delete the project "${isolated(workspace.name || 'Untitled')}" with its tiles, labels and heads from this browser?`;
    if (window.confirm(what)) attempt(remove);
  });

  projects.addEventListener('list', () => {
    closeUnreadable();
    closeReminder();
    drawName();
    attempt(drawList);
  });
  projects.addEventListener('elsewhere', drawElsewhere);
  workspace.addEventListener('changed', drawName);
  // A head is worth keeping, and so is what somebody came back for.
  workspace.addEventListener('models', () => workspace.current.report && remindToExport());
  if (Date.now() - Date.parse(workspace.createdAt) > DAY_MS) remindToExport();
  autosave?.addEventListener('state', () => {
    drawStatus();
    if (autosave.state === 'saved') drawOpenProject();
  });
  drawName();
  drawStatus();
  attempt(drawList);
  drawElsewhere();
  return { importProject };
}

/**
 * @param {string} name
 * @param {number} tileCount
 */
function optionText(name, tileCount) {
  return `${isolated(name || 'Untitled')} (${counted(tileCount, 'tile')})`;
}

/** What a name of the user's is as the name of a file, on every system and without a false ending. @param {string} name */
function fileName(name) {
  const characters = Array.from(name.replaceAll(/\p{Bidi_Control}/gu, '').replaceAll(/[\p{Cc}\\/:*?"<>|]+/gu, '-'));
  return characters.slice(0, MOST_CHARACTERS).join('').trim();
}

/**
 * @param {Omissions} omitted
 * @param {boolean} hasCopies whether the browser has some of the project as it is
 */
function unreadableSentence({ unreadable, models }, hasCopies) {
  const what = [];
  if (unreadable.length > 0) what.push(someTiles(unreadable.map(({ path }) => path)));
  if (models.length > 0) what.push(`${what.length > 0 ? 'and a' : 'A'} trained head`);
  const mend = hasCopies ? 'Reload the page, which has copies, and export then' : 'Put the files back, and export again';
  return (
    `${what.join(' ')} can no longer be read: moved, changed or deleted. ${mend}. ` +
    'Or export the rest: the labels of all tiles are in the CSV file.'
  );
}

/** @param {string[]} paths */
function someTiles(paths) {
  const [first] = paths.map(isolated);
  return paths.length === 1 ? `The tile “${first}”` : `${counted(paths.length, 'tile')}, of which “${first}” is the first,`;
}

/** @param {Omissions} omitted */
function tooLargeSentence({ tooLarge }) {
  const is = tooLarge.length === 1 ? 'is' : 'are';
  return `The project file is complete except for what the page cannot read either: ${someTiles(tooLarge.map(({ path }) => path)).replace(/^The/, 'the')} ${is} not in it, being larger than a tile may be.`;
}

/** @param {LeftOut[]} leftOut */
function leftOutSentence(leftOut) {
  const [{ name, why }] = leftOut;
  const others = leftOut.length > 1 ? ` So ${leftOut.length === 2 ? 'is one other' : `are ${leftOut.length - 1} others`}.` : '';
  return `The project is open, but “${isolated(name)}” is left out. ${why}${others} Everything else is unchanged.`;
}

/** @param {Omissions} omitted */
function lackingScenesSentence({ scenes }) {
  const names = scenes.map(({ name }) => isolated(name)).join(', ');
  return `The project file has everything but the image of ${names}, which is too large or not at hand. Cells, labels and classes are in it; when you open it, add the image again.`;
}
