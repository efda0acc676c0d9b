/**
 * What the page may do and who may use it, in one place: the server sends it, `index.html` says it again for hosts
 * that send no headers of ours, and the service worker puts it on all that it answers.
 */

/** The build puts a digest of the content in these names, so that they never change under one name. */
const HASHED_NAME = /-([0-9a-f]{10}|[0-9A-Z]{8})\.\w+(\.map)?$/;

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  // Text that became markup or a script's address is refused, but for the one policy in www/engine/script-url.js.
  "require-trusted-types-for 'script'",
  'trusted-types tilelens',
];

/** For a `<meta>`, which knows no `frame-ancestors`. */
export const META_CONTENT_SECURITY_POLICY = POLICY.join('; ');

/** Every feature that Chromium's `document.featurePolicy.features()` knows and the page does not use. */
const DENIED_FEATURES = [
  ...['accelerometer', 'attribution-reporting', 'autoplay', 'browsing-topics', 'camera', 'captured-surface-control'],
  ...['clipboard-read', 'compute-pressure', 'deferred-fetch', 'digital-credentials-get', 'display-capture'],
  ...['encrypted-media', 'fullscreen', 'gamepad', 'geolocation', 'gyroscope', 'hid', 'identity-credentials-get'],
  ...['idle-detection', 'join-ad-interest-group', 'keyboard-map', 'local-fonts', 'magnetometer', 'microphone', 'midi'],
  ...['otp-credentials', 'payment', 'picture-in-picture', 'private-state-token-issuance'],
  ...['private-state-token-redemption', 'publickey-credentials-create', 'publickey-credentials-get', 'run-ad-auction'],
  ...['screen-wake-lock', 'serial', 'shared-storage', 'storage-access', 'sync-xhr', 'unload', 'usb'],
  ...['window-management', 'xr-spatial-tracking'],
];

/** @type {Record<string, string>} */
export const SECURITY_HEADERS = {
  'Content-Security-Policy': [...POLICY, "frame-ancestors 'none'"].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-DNS-Prefetch-Control': 'off',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': DENIED_FEATURES.map((feature) => `${feature}=()`).join(', '),
};

/**
 * Whether what lies under this name can never change.
 * @param {string} name
 */
export function isImmutable(name) {
  return HASHED_NAME.test(name);
}

/**
 * How long a browser may keep a file without asking again.
 * @param {string} name
 */
export function cacheControl(name) {
  return isImmutable(name) ? 'public, max-age=31536000, immutable' : 'no-cache';
}

/**
 * The `_headers` file that some static hosts read.
 * @param {string[]} names of all files
 */
export function headersFile(names) {
  const rule = (/** @type {string} */ path, /** @type {[string, string][]} */ headers) =>
    [path, ...headers.map(([name, value]) => `  ${name}: ${value}`)].join('\n');
  const rules = names.map((name) => rule(`/${name}`, [['Cache-Control', cacheControl(name)]]));
  return `${[rule('/*', Object.entries(SECURITY_HEADERS)), ...rules].join('\n')}\n`;
}
