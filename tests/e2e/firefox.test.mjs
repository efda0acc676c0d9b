/** The page in Firefox: it opens, classifies its samples on the CPU, and takes a label by key. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { By, Key, until } from 'selenium-webdriver';
import { WITHOUT_FIREFOX, openFirefox } from './firefox.mjs';
import { ROOT, SLOW_MS, serve } from './harness.mjs';

test('Firefox classifies the samples on the CPU and labels one by key', { timeout: SLOW_MS, skip: WITHOUT_FIREFOX }, async (t) => {
  const url = await serve(t);
  const driver = await openFirefox(t);

  await driver.get(url);
  const root = await driver.findElement(By.css('html'));
  await driver.wait(async () => (await root.getAttribute('data-engine')) === 'ready', SLOW_MS);
  assert.equal(await root.getAttribute('data-device'), 'cpu');

  const samples = (await readdir(path.join(ROOT, 'www/samples'))).filter((name) => /\.(jpe?g|png|webp)$/.test(name));
  await driver.findElement(By.id('try-samples')).click();
  const done = By.css('article.tile[data-state="done"]');
  await driver.wait(async () => (await driver.findElements(done)).length === samples.length, SLOW_MS);
  const classes = await Promise.all((await driver.findElements(done)).map((card) => card.getAttribute('data-class')));
  assert.ok(classes.every((name) => name !== ''), String(classes));

  await driver.findElement(By.id('class-name')).sendKeys('Mine', Key.ENTER);
  await driver.wait(until.elementLocated(By.css('.class-row')), SLOW_MS);
  await driver.executeScript("document.querySelector('article.tile input.select').focus()");
  await driver.actions().sendKeys('1').perform();
  await driver.wait(until.elementLocated(By.css('article.tile[data-label="Mine"]')), SLOW_MS);
  assert.deepEqual(await Promise.all((await driver.findElements(By.css('.class-count'))).map((count) => count.getText())), ['1']);
  assert.equal((await driver.findElements(By.css('.notice'))).length, 0, 'nothing is complained of');
});
