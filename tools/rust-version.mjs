/**
 * Compares the Rust version that Cargo.toml promises with what the dependencies need on this machine's platform, tests aside:
 * `node tools/rust-version.mjs 1.95`. It fails where they need a newer one, or all would do with an older one.
 */
import { execFileSync } from 'node:child_process';

/** @param {string} version */
const minor = (version) => Number(version.split('.')[1]);

/** @param {string[]} features */
function newestNeeded(...features) {
  const host = execFileSync('rustc', ['--version', '--verbose'], { encoding: 'utf8' }).match(/^host: (.*)$/m)?.[1] ?? '';
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', host, ...features];
  const { packages, resolve } = JSON.parse(execFileSync('cargo', args, { encoding: 'utf8', maxBuffer: 1 << 28 }));
  const byId = new Map(packages.map((/** @type {{ id: string }} */ found) => [found.id, found]));
  const nodes = new Map(resolve.nodes.map((/** @type {{ id: string }} */ node) => [node.id, node]));
  const needed = new Set([resolve.root]);
  // A set goes through what is added meanwhile, too.
  for (const id of needed) {
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (kinds.some((/** @type {{ kind: string | null }} */ { kind }) => kind !== 'dev')) needed.add(pkg);
    }
  }
  // What has no source is of this repository.
  const versions = Array.from(needed, (id) => byId.get(id)).filter((found) => found.source && found.rust_version);
  return versions.reduce((newest, found) => (minor(found.rust_version) > minor(newest.rust_version) ? found : newest));
}

const promised = process.argv[2];
const needs = newestNeeded();
const without = newestNeeded('--no-default-features', '--features', 'raster');
console.log(`With default features ${needs.name} ${needs.version} needs the newest Rust, ${needs.rust_version}; without burn it is ${without.name} ${without.version}, ${without.rust_version}.`);
if (minor(needs.rust_version) !== minor(promised)) {
  console.error(`Cargo.toml promises Rust ${promised}: make it ${needs.rust_version}`);
  process.exit(1);
}
