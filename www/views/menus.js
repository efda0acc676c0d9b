/** The menus of the bar: each is a `details`, of which one at a time is open. */

/** @returns {HTMLDetailsElement[]} */
const openMenus = () => [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('details.menu[open]'))];

export function setUpMenus() {
  // A click elsewhere closes a menu, and so does what is chosen in it.
  document.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element)) return;
    for (const menu of openMenus()) {
      if (!menu.contains(target) || target.closest('.menu-body button')) menu.open = false;
    }
  });
  document.addEventListener('focusin', ({ target }) => {
    for (const menu of openMenus()) if (target instanceof Element && !menu.contains(target)) menu.open = false;
  });
  window.addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Escape') return;
      for (const menu of openMenus()) {
        menu.open = false;
        menu.querySelector('summary')?.focus();
        // The selection stays.
        event.stopPropagation();
      }
    },
    true,
  );
}
