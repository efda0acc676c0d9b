/** The example of Ray Data on whole scenes, one of its workers killed, beside the command line on the same scenes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT, SLOW_MS, temporaryFolder } from '../e2e/harness.mjs';

const TILELENS = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'release/tilelens');
const PYTHON = process.env.PYTHON ?? 'python3';
const HEAD = path.join(ROOT, 'models/sentinel-2.safetensors');
/**
 * So many overlapping cells that a part takes seconds, and that votes come from two parts. The noise of these scenes is
 * of one class, in half of the cells with less than 99 %: undecided ones among the others.
 */
const OPTIONS = ['--head', HEAD, '--cell', '32px', '--step', '2px', '--majority', '--undecided', '99'];
/** A process as `ps` shows it that classifies a part: its number, its worker's, the part and the scene. */
const AT_WORK = /^ *(?<pid>\d+) +(?<worker>\d+) +\S*tilelens map .*--part (?<part>\S+) .* (?<scene>\S+)$/gm;

/**
 * Runs a command, whatever its status.
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} [environment]
 * @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 */
async function run(program, args, environment) {
  try {
    return { status: 0, ...(await promisify(execFile)(program, args, { cwd: ROOT, env: { ...process.env, ...environment } })) };
  } catch (error) {
    const { code, stdout, stderr } = /** @type {{ code: number, stdout: string, stderr: string }} */ (error);
    return { status: code, stdout, stderr };
  }
}

/**
 * What is being classified of the scenes in a folder.
 * @param {string} folder
 */
async function atWork(folder) {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args=']);
  const found = Array.from(stdout.matchAll(AT_WORK), ({ groups }) => /** @type {Record<string, string>} */ (groups));
  return found.filter(({ scene }) => scene.startsWith(folder));
}

/**
 * The files of maps, but for the answers that are kept of those that are not whole, and for what the example notes.
 * @param {string} folder
 */
async function mapsIn(folder) {
  return (await readdir(folder)).filter((name) => !name.endsWith('.part') && name !== 'made.json').toSorted();
}

test('Ray Data writes the maps that the command line writes, though a worker is killed', { timeout: SLOW_MS }, async (t) => {
  const folder = await temporaryFolder(t);
  await promisify(execFile)(PYTHON, ['tests/scene/make_scenes.py', folder], { cwd: ROOT });
  const places = path.join(folder, 'places');
  const [whole, placeless, cut, broken] = ['turned', 'no-place', 'cut', 'broken'].map((name) => path.join(places, `${name}.tif`));
  await copyFile(whole, cut);
  await truncate(cut, Math.round((await readFile(whole)).length * 0.7));
  await writeFile(broken, 'no scene');
  const [expected, found] = ['expected', 'found'].map((name) => path.join(folder, name));
  const reference = await run(TILELENS, ['map', ...OPTIONS, '--output', expected, whole, placeless, cut]);
  assert.equal(reference.status, 3, reference.stderr);

  // Ray leaves a token in the home folder, and the logs of each session.
  const ray = { HOME: folder, RAY_TMPDIR: folder, RAY_ADDRESS: '', RAY_USAGE_STATS_ENABLED: '0' };
  /**
   * @param {string[]} scenes
   * @param {string[]} [options]
   */
  const exampleWith = (scenes, options = OPTIONS) =>
    run(PYTHON, ['examples/ray/map_scenes.py', ...scenes, '--output', found, '--parts', '2', '--concurrency', '2', '--tilelens', TILELENS, '--resume', '--', ...options], ray);
  const example = (/** @type {string[]} */ ...scenes) => exampleWith(scenes);

  let isDone = false;
  const job = example(broken, whole, placeless, cut).finally(() => (isDone = true));
  /**
   * The first process that classifies such a part.
   * @param {(one: Record<string, string>) => boolean} isSuch
   */
  const first = async (isSuch) => {
    for (;;) {
      const one = (await atWork(places)).find(isSuch);
      if (one) return one;
      if (isDone) assert.fail((await job).stderr);
      await sleep(50);
    }
  };
  const victim = await first(({ scene }) => scene === whole);
  const { stdout: worker } = await run('ps', ['-o', 'args=', '-p', victim.worker]);
  assert.match(worker, /^ray::/);
  process.kill(Number(victim.worker), 'SIGKILL');
  await first(({ scene, part, worker }) => scene === victim.scene && part === victim.part && worker !== victim.worker);

  const { status, stderr } = await job;
  assert.equal(status, 1, stderr);
  assert.match(stderr, /error: .*broken\.tif.*no TIFF file/);
  assert.equal(stderr.match(/no TIFF file/g)?.length, 1);
  assert.match(stderr, /1 of 4 scenes have no map: the reasons stand above/);
  const names = await mapsIn(expected);
  assert.deepEqual(await mapsIn(found), names);
  for (const name of names) {
    assert.deepEqual(await readFile(path.join(found, name)), await readFile(path.join(expected, name)), name);
  }

  // A whole map is not made again; what could not be read is tried again.
  const again = await example(whole, cut);
  assert.equal(again.status, 3, again.stderr);
  assert.match(again.stdout, /^1 of 1 scenes are mapped/m);
  assert.deepEqual(await mapsIn(found), names);
  // One of another cell is no map of this.
  const wider = OPTIONS.with(OPTIONS.indexOf('2px'), '16px');
  const other = await exampleWith([whole, placeless], wider);
  assert.equal(other.status, 0, other.stderr);
  assert.match(other.stdout, /^2 of 2 scenes are mapped/m);
  const same = await exampleWith([whole, placeless], wider);
  assert.match(same.stdout, /each scene has its map already/);
  t.diagnostic(`${names.length} files are the same; part ${victim.part} of ${path.basename(victim.scene)} was begun twice`);
});
