/** Tells of a new build, and what keeps it from being taken. */

import { notify } from './notices.js';

/** @typedef {import('../app/updates.js').UpdateNews} UpdateNews */
/** @typedef {import('../app/updates.js').Updates} Updates */

/** @type {Record<UpdateNews, string>} */
const SENTENCES = {
  ready: 'A new version of Tilelens is ready.',
  training: 'A head is being trained: let it finish, or stop it, then load the new version.',
  unsaved: 'The project could not be saved: export it, then load the new version.',
  notKept: 'The tiles on this page are not saved yet: give the project a name or a class to keep them, or add them again afterwards.',
  otherTab: 'Tilelens is also open in another tab or window: close it, then load the new version.',
};

/** @param {Updates} updates */
export function setUpUpdateNotices(updates) {
  let closeNotice = () => {};
  const draw = () => {
    const { news } = updates;
    if (!news) return;
    const mayLose = news === 'notKept';
    closeNotice();
    closeNotice = notify(SENTENCES[news], [{ label: mayLose ? 'Load the new version anyway' : 'Load it', act: () => updates.accept(mayLose) }], 'news');
  };
  updates.addEventListener('news', draw);
  draw();
}
