/** The menus of the bar: each is a `details`, of which one at a time is open. */

/** @returns {HTMLDetailsElement[]} */
const openMenus = () => [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('details.menu[open]'))];

/** @param {HTMLDetailsElement} menu */
function close(menu) {
  menu.open = false;
  menu.querySelector('summary')?.focus();
}

export function setUpMenus() {
  // A click elsewhere closes a menu, and so does what is chosen in it.
  document.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element)) return;
    for (const menu of openMenus()) {
      if (!menu.contains(target) || target.closest('.menu-body button')) menu.open = false;
    }
  });
  document.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLSelectElement)) return;
    // What comes of the choice may be told below the menu.
    for (const menu of openMenus()) if (menu.contains(target)) close(menu);
  });
  document.addEventListener('focusin', ({ target }) => {
    for (const menu of openMenus()) if (target instanceof Element && !menu.contains(target)) menu.open = false;
  });
  window.addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Escape') return;
      for (const menu of openMenus()) {
        close(menu);
        // The selection stays.
        event.stopPropagation();
      }
    },
    true,
  );
}
