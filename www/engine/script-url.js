/** Addresses of scripts, in the form that Trusted Types demand of whoever starts one. */

/** @typedef {{ createScriptURL(address: string): string }} ScriptPolicy */

/** Null where the browser knows no Trusted Types. @type {ScriptPolicy | null} */
const policy =
  /** @type {any} */ (globalThis).trustedTypes?.createPolicy('tilelens', {
    createScriptURL(/** @type {string} */ address) {
      const { origin, href } = new URL(address, globalThis.location.href);
      if (origin !== globalThis.location.origin) throw new TypeError(`${address} is no script of this site`);
      return href;
    },
  }) ?? null;

/**
 * @param {string} address of a script of this site
 * @returns {string}
 */
export function scriptUrl(address) {
  return policy ? policy.createScriptURL(address) : address;
}
