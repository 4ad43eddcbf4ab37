import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { freePort } from '../support/console-acts.ts';
import { openVisitor, startBrowser, type Visitor } from '../support/console-browser.ts';
import { type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';
import { holdControlDown } from '../support/hold-control.ts';
import { skipUnless } from '../support/requires.ts';

// What a page shows when it cannot show what it was opened for, each with the way on, in both themes.

const skip = skipUnless('chromium');
let house: ExceptionHouse;
let browser: Browser;
let light: Visitor;
let dark: Visitor;

before(async () => {
  if (skip !== false) return;
  // The same port after control was away: a page goes on at the address that it has.
  const listen = { proxy: '127.0.0.1:0', console: `127.0.0.1:${await freePort()}` };
  [house, browser] = await Promise.all([startExceptionHouse({ config: { listen } }), startBrowser()]);
  light = await openVisitor(browser, house.api);
  dark = await openVisitor(browser, house.api, { scheme: 'dark', width: 360 });
});
after(async () => {
  await browser?.close();
  await house?.stop();
});

async function assertBothAccessible(what: string): Promise<void> {
  await light.assertAccessible(what);
  await dark.assertAccessible(`${what}, in the dark`);
}

function both<T>(work: (visitor: Visitor) => Promise<T>): Promise<readonly T[]> {
  return Promise.all([light, dark].map(work));
}

test('signed out: the way in, and then the page that was asked for', { skip }, async () => {
  await both(({ page }) => page.goto('/exceptions?show=all'));
  await both(({ page }) => page.getByRole('heading', { name: 'Sign in' }).waitFor());
  await assertBothAccessible('signed out');
  await both((visitor) => visitor.signIn(house.accountOf('ana').secret));
  await both(({ page }) => page.getByRole('heading', { name: 'Nobody has asked for an exception yet' }).waitFor());
});

test('forbidden: what the token lacks, and the command that helps', { skip }, async () => {
  await both(({ page }) => page.goto('/audit'));
  await both(({ page }) => page.getByRole('heading', { name: 'Your token may not read the log' }).waitFor());
  await assertBothAccessible('forbidden');
});

test('offline: the page says so, keeps what it shows, and goes on by itself', { skip }, async () => {
  await house.request('ana', 'kept.example');
  await both(({ page }) => page.goto('/exceptions'));
  await both(({ page }) => page.getByText('kept.example').waitFor());
  await both(({ context }) => context.setOffline(true));
  await both(({ page }) => page.getByText('This browser is offline').waitFor());
  await both(({ page }) => page.getByText('kept.example').waitFor());
  await assertBothAccessible('offline');
  await house.request('ana', 'meanwhile.example');
  await both(({ context }) => context.setOffline(false));
  await both(({ page }) => page.getByText('This browser is offline').waitFor({ state: 'hidden' }));
  await both(({ page }) => page.getByText('meanwhile.example').waitFor());
});

test('control is killed: the page says so, keeps what is written, and is back with it', { skip }, async () => {
  await light.page.goto('/exceptions/new');
  await light.page.getByLabel('Reason').fill('a sentence that was long to write');
  await dark.page.goto('/exceptions');
  await dark.page.getByText('kept.example').waitFor();
  const held = await holdControlDown(house.story.product);
  try {
    await dark.page.getByText('Control does not answer').first().waitFor();
    await dark.page.getByText('kept.example').waitFor();
    await dark.assertAccessible('control is away');
    await light.page.getByLabel('Service').fill('story');
    await light.page.getByLabel('Destination').fill('late.example:443');
    await light.page.getByText('control does not answer', { exact: true }).waitFor();
    await light.assertAccessible('control is away while somebody writes');
  } finally {
    held.release();
  }
  // Sessions live in the memory of control: whoever is back signs in again, and goes on.
  await both(({ page }) => page.getByText('Your session is over').waitFor({ timeout: 45_000 }));
  await assertBothAccessible('a session that is over');
  await both((visitor) => visitor.signIn(house.accountOf('ana').secret));
  await both(({ page }) => page.getByText('Control does not answer').waitFor({ state: 'hidden' }));
  assert.equal(await light.page.getByLabel('Reason').inputValue(), 'a sentence that was long to write');
  await dark.page.getByText('kept.example').waitFor();
});

test('control fails at everything: a page that is opened then comes when it is back', { skip }, async () => {
  const { page } = light;
  let isFailing = true;
  await page.route('**/api/v1/**', (route) =>
    isFailing
      ? route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' })
      : route.continue(),
  );
  await page.goto('/exceptions');
  await page.getByRole('heading', { name: 'No answer of control' }).waitFor();
  await light.assertAccessible('a server error');
  isFailing = false;
  await page.getByText('kept.example').waitFor();
  await page.getByText('Control does not answer').waitFor({ state: 'hidden' });
  for (const visitor of [light, dark]) await visitor.assertClean();
});
