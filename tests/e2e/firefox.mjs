/** The second browser of the tests, which WebDriver drives: a second opinion, where it can be installed. */
import { Builder } from 'selenium-webdriver';
import { Options, ServiceBuilder } from 'selenium-webdriver/firefox.js';

/** `./build.sh test` names both, where they can be installed. */
const { FIREFOX, GECKODRIVER } = process.env;

/** Why Firefox cannot be asked; false where it can. */
export const WITHOUT_FIREFOX = FIREFOX && GECKODRIVER ? false : 'FIREFOX and GECKODRIVER name no browser and no driver';

/**
 * A window of its own, which is closed after the test.
 * @param {import('./harness.mjs').TestContext} t
 */
export async function openFirefox(t) {
  const driver = await new Builder()
    .forBrowser('firefox')
    .setFirefoxOptions(new Options().setBinary(/** @type {string} */ (FIREFOX)).addArguments('-headless'))
    .setFirefoxService(new ServiceBuilder(/** @type {string} */ (GECKODRIVER)))
    .build();
  t.after(() => driver.quit());
  return driver;
}
