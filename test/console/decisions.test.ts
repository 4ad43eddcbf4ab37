import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openVisitor, startBrowser, type Visitor } from '../support/console-browser.ts';
import { type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';
import { waitFor } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

const skip = skipUnless('chromium');
let house: ExceptionHouse;
let browser: Browser;
let ana: Visitor;

before(async () => {
  if (skip !== false) return;
  [house, browser] = await Promise.all([startExceptionHouse({ isFounded: false }), startBrowser()]);
  ana = await openVisitor(browser, house.api);
  await ana.page.goto('/decisions');
  await ana.signIn(house.accountOf('ana').secret);
});
after(async () => {
  await browser?.close();
  await house?.stop();
});

test('a denial shows up live, is explained, and becomes a request', { skip }, async () => {
  const { page } = ana;
  await page.getByRole('heading', { name: 'Nothing has asked to go out yet' }).waitFor();
  await ana.assertAccessible('no decisions');
  await page.getByText('Live.').waitFor();
  await house.reasonOf('bank.example');
  await page.getByRole('link', { name: /bank\.example/ }).click();
  await page.getByRole('heading', { name: 'What would let it through for good' }).waitFor();
  assert.match(page.url(), /id=/);
  await ana.assertAccessible('a decision explained');
  await page.getByRole('link', { name: 'Ask for an exception' }).click();
  await page.getByLabel('Reason').waitFor();
  assert.match(await page.getByLabel('Destination').inputValue(), /^bank\.example:/);
});

test('a link of the first start makes an account once, and its secret leaves the address', { skip }, async () => {
  const link = house.story.product.report.founding.find(({ role }) => role === 'approver')?.link ?? '';
  const fay = await openVisitor(browser, house.api);
  await fay.page.goto(`/setup${new URL(link).hash}`);
  await fay.page.getByLabel('Id').fill('fay');
  assert.ok(!fay.page.url().includes('#'));
  await fay.page.getByLabel('Name').fill('Fay Okoro');
  await fay.assertAccessible('claiming');
  await fay.page.getByRole('button', { name: 'Claim it' }).click();
  const token = await fay.page.locator('code', { hasText: 'exeat_' }).textContent();
  await fay.page.getByRole('button', { name: 'I have kept it, sign in' }).click();
  await fay.page.getByText('Fay Okoro').waitFor();
  await fay.page.getByRole('button', { name: 'Sign out' }).click();
  await fay.signIn(token ?? '');
  // The link is spent.
  await fay.page.getByRole('button', { name: 'Sign out' }).click();
  await fay.page.goto('/nowhere');
  await fay.page.goto(`/setup${new URL(link).hash}`);
  await fay.page.getByLabel('Id').fill('gus');
  await fay.page.getByLabel('Name').fill('Gus');
  await fay.page.getByRole('button', { name: 'Claim it' }).click();
  await fay.page.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
  await fay.assertClean();
});

test('the overview tells what is new, what stands, and leads on', { skip }, async () => {
  const { page } = ana;
  await page.goto('/');
  await page.getByRole('heading', { name: 'New destinations since yesterday: 1' }).waitFor();
  await page.getByText('decides by it').waitFor();
  assert.equal(await page.getByText('1 of 1').count(), 1);
  // What goes out now: one service, whose one ask was refused.
  const now = page.getByRole('region', { name: /^What goes out now: the last / });
  await now.getByRole('region', { name: 'By destination' }).getByText('1 denied').waitFor();
  await now.getByRole('link', { name: /^bank\.example story$/ }).waitFor();
  await page.getByRole('region', { name: 'What changed since yesterday' }).getByText('put in force').waitFor();
  await page.getByText('None ends within four hours.').waitFor();
  await ana.assertAccessible('the overview');
  await page.getByRole('link', { name: /story → bank\.example/ }).click();
  await page.getByRole('table', { name: 'Decisions' }).waitFor();
  assert.match(page.url(), /service=story/);
});

test('a view is kept in its address, and what does not match stays out of it', { skip }, async () => {
  const { page } = ana;
  await page.goto('/decisions');
  await page.getByLabel('Host').fill('shop.example');
  await page.getByLabel('Verdict').selectOption('deny');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByText('No decision matches').waitFor();
  assert.match(page.url(), /host=shop\.example/);
  await page.getByText('Live.').waitFor();
  await house.reasonOf('else.example');
  await house.reasonOf('a.shop.example');
  await page.getByRole('link', { name: /a\.shop\.example/ }).waitFor();
  assert.equal(await page.getByRole('link', { name: /else\.example/ }).count(), 0);
  await page.reload();
  await page.getByRole('link', { name: /a\.shop\.example/ }).waitFor();
  assert.equal(await page.getByLabel('Host').inputValue(), 'shop.example');
  await page.getByRole('button', { name: 'More filters' }).click();
  await page.getByLabel('Source').fill('127.0.0.0/8');
  await page.getByLabel('Identity').fill('credential:story');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.waitForURL(/source=127\.0\.0\.0/);
  await page.getByRole('link', { name: /a\.shop\.example/ }).waitFor();
  await ana.assertAccessible('every filter');
  await page.getByLabel('Until (UTC)').fill('2026-01-01T00:00');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByText('No decision matches').waitFor();
  await page.getByText('nothing new is asked for').waitFor();
});

test('thousands of rows are drawn by what is in sight, and hold still while somebody reads', { skip }, async () => {
  const { page } = ana;
  await page.goto('/decisions');
  await page.getByText('Live.').waitFor();
  for (let asked = 0; asked < 60; asked += 1) await house.reasonOf(`host-${asked}.example`);
  await page.getByRole('link', { name: 'host-59.example' }).waitFor();
  assert.ok((await page.getByRole('row').count()) < 45, 'only what is in sight is there');
  const table = page.getByRole('table', { name: 'Decisions' });
  await table.focus();
  await page.keyboard.press('PageDown');
  const scrolled = "document.querySelector('[aria-label=Decisions]').scrollTop";
  await waitFor(async () => Number(await page.evaluate(scrolled)) > 100, 'the table further down');
  await house.reasonOf('while-reading.example');
  await page.getByRole('button', { name: /1 new decision, show/ }).click();
  await page.getByRole('link', { name: /while-reading\.example/ }).waitFor();
  await ana.assertClean();
});
