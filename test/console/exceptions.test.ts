import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { findNotes } from '../../src/audit/index.ts';
import { tabTo } from '../support/console-acts.ts';
import { openVisitor, startBrowser, type Visitor } from '../support/console-browser.ts';
import { type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';
import { skipUnless } from '../support/requires.ts';
import { findingsOf } from '../support/unpack-evidence.ts';

// People at real browsers before a real `exeat up`: ana asks, ben approves, eve audits.

const skip = skipUnless('chromium');
let house: ExceptionHouse;
let browser: Browser;
let ana: Visitor;
let ben: Visitor;

before(async () => {
  if (skip !== false) return;
  [house, browser] = await Promise.all([
    startExceptionHouse({ config: { hosts: { 'bank.example': '127.0.0.1' } } }),
    startBrowser(),
  ]);
  [ana, ben] = await Promise.all([openVisitor(browser, house.api), openVisitor(browser, house.api)]);
});
after(async () => {
  await browser?.close();
  await house?.stop();
});

test('somebody signs in with a token, which stays nowhere, and signs out', { skip }, async () => {
  const { page, context } = ana;
  await page.goto('/exceptions');
  await ana.assertAccessible('signed out');
  await page.getByLabel('Token').fill('exeat_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This token is unknown').waitFor();
  await ana.signIn(house.accountOf('ana').secret);
  const cookies = await context.cookies();
  assert.deepEqual(
    cookies.map(({ name, httpOnly, secure, sameSite, domain }) => [name, httpOnly, secure, sameSite, domain]),
    [['__Host-exeat', true, true, 'Strict', '127.0.0.1']],
  );
  const kept = (await page.evaluate(
    'JSON.stringify([localStorage, sessionStorage, location.href, document.cookie])',
  )) as string;
  assert.ok(!kept.includes(house.accountOf('ana').secret.slice(-20)), kept);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.deepEqual(await context.cookies(), []);
  await ana.signIn(house.accountOf('ana').secret);
  await page.getByRole('heading', { name: 'Nothing waits for a decision' }).waitFor();
  await ana.assertAccessible('no exceptions');
});

test('from a denial to a grant and its end, by two people with the keyboard only', { skip }, async () => {
  assert.equal(await house.reasonOf('bank.example'), 'no_rule_matched');
  const denied = await house.story.product.waitForRecord((one) => one.kind === 'verdict' && one.verdict === 'deny');
  await ana.page.goto(`/exceptions/new?decision=${denied.id}`);
  // The denied destination and its owner are filled in.
  await ana.page.getByLabel('Reason').waitFor();
  assert.equal(await ana.page.getByLabel('Service').inputValue(), 'story');
  assert.match(await ana.page.getByLabel('Destination').inputValue(), /bank\.example:\d+$/);
  await ana.page.getByText('could reach').waitFor();
  assert.equal(await ana.page.getByLabel('Owner').inputValue(), 'team-story');
  await ana.assertAccessible('the request');
  await ana.page.getByLabel('Destination').fill(house.to('bank.example'));
  await tabTo(ana, 'Reason');
  await ana.page.keyboard.type('the new acquirer is tested');
  await tabTo(ana, 'Ask for it');
  await ana.page.keyboard.press('Enter');
  await ana.page.getByText('waits for approval').waitFor();
  await ana.page.getByText('You asked for it, so somebody else decides').waitFor();
  await ana.assertAccessible('a request of one’s own');

  await ben.page.goto(new URL(ana.page.url()).pathname);
  await ben.page.getByLabel('Token').waitFor();
  await tabTo(ben, 'Token');
  await ben.page.keyboard.type(house.accountOf('ben').secret);
  await ben.page.keyboard.press('Enter');
  await ben.page.getByText('today nothing opens this host').waitFor();
  await ben.assertAccessible('the review');
  await tabTo(ben, 'Approve');
  await ben.page.keyboard.press('Enter');
  await ben.page.getByText('in force').first().waitFor();
  assert.equal(await house.reasonOf('bank.example'), 'open');

  await ana.page.getByRole('button', { name: 'End it now' }).waitFor();
  await ana.page.getByLabel('Reason').fill('the test is done');
  await tabTo(ana, 'End it now');
  await ana.page.keyboard.press('Enter');
  await ana.page.getByText('revoked').first().waitFor();
  assert.notEqual(await house.reasonOf('bank.example'), 'open');
});

test('what changed while somebody looked is told, and nothing is approved unseen', { skip }, async () => {
  const asked = await house.request('ana', 'other.example', { durationSeconds: 3_600 });
  await ben.page.goto(`/exceptions/${asked.id}`);
  await ben.page.getByRole('button', { name: 'Approve' }).waitFor();
  await house.call('ana', `/exceptions/${asked.id}/edit`, {
    body: house.asking('else.example', { durationSeconds: 3_600 }),
  });
  await ben.page.getByText(/The destination changed while you looked, from .*other\.example/).waitFor();
  assert.equal(await ben.page.getByRole('button', { name: 'Approve' }).count(), 0);
  assert.equal((await house.show(asked.id)).status, 'pending');
  await ben.page.getByRole('button', { name: 'I have looked at it again' }).click();
  await ben.page.getByRole('button', { name: 'Deny' }).click();
  await ben.page.getByLabel('Reason').fill('there is a rule for it');
  await ben.page.getByRole('button', { name: 'Deny it' }).click();
  await ben.page.getByText('denied', { exact: true }).first().waitFor();
});

test('words that are markup elsewhere stay words', { skip }, async () => {
  const reason = '<img src=x onerror=alert(1)> "><script>alert(2)</script> =HYPERLINK("x")';
  const { id } = await house.request('ana', 'markup.example', { reason });
  await ben.page.goto('/exceptions');
  await ben.page.getByText(reason).waitFor();
  await ben.page.goto(`/exceptions/${id}`);
  await ben.page.getByText(reason).waitFor();
  assert.equal(await ben.page.locator('img[src=x]').count(), 0);
});

test('who has what open is shown, at a past time too, and saved without formulas', { skip }, async () => {
  const granted = await house.grant('csv.example', { reason: '=1+1 is what a spreadsheet would run' });
  await ben.page.goto('/open');
  await ben.page.getByText('ways out').first().waitFor();
  await ben.page.getByText('csv.example').first().waitFor();
  await ben.assertAccessible('open access');
  const saving = ben.page.waitForEvent('download');
  await ben.page.getByRole('button', { name: 'Save as CSV' }).click();
  const text = await readDownload(await saving);
  assert.match(text, /^kind,id,service,/);
  assert.ok(text.includes(granted.id));
  assert.ok(text.includes("'=1+1 is what"), text);
  await ben.page.goto(`/open?at=${encodeURIComponent(new Date(Date.now() - 30 * 60_000).toISOString())}`);
  await ben.page.getByRole('heading', { name: 'What this answer cannot see' }).waitFor();
  assert.equal(await ben.page.getByText('csv.example').count(), 0);
});

test('on paper it is whole, with what it is of, and without what only a screen needs', { skip }, async () => {
  const { page } = ben;
  await page.goto('/open');
  await page
    .getByText(/ways? out/)
    .first()
    .waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.getByText(/printed for \S/).waitFor();
  await page
    .getByText(/Policy sha256:/)
    .first()
    .waitFor();
  assert.equal(await page.getByRole('button', { name: 'Print' }).isVisible(), false);
  assert.equal(await page.getByRole('navigation', { name: 'Pages' }).isVisible(), false);
  const pdf = await page.pdf({ format: 'A4' });
  assert.match(pdf.subarray(0, 5).toString('latin1'), /^%PDF-/);
  await page.emulateMedia({ media: null });
});

test('the log of acts is read by whoever may, and others are told how', { skip }, async () => {
  await ben.page.goto('/audit');
  await ben.page.getByRole('heading', { name: 'Your token may not read the log' }).waitFor();
  const eve = await openVisitor(browser, house.api);
  await eve.page.goto('/audit?action=exception.');
  await eve.signIn(house.accountOf('eve').secret);
  await eve.page.getByText('exception.granted').first().waitFor();
  await eve.page.getByText('details').first().click();
  await eve.assertAccessible('the log');
  await eve.page.getByLabel('Who').fill('nobody');
  await eve.page.getByRole('button', { name: 'Show', exact: true }).click();
  await eve.page.getByRole('heading', { name: 'No act matches' }).waitFor();
  await eve.assertClean();
});

test('the log is verified, and its checkpoints and evidence are taken away to be checked elsewhere', {
  skip,
}, async () => {
  const { page, ...eve } = await openVisitor(browser, house.api);
  const dir = join(house.story.product.state, 'audit');
  await page.goto('/audit');
  await eve.signIn(house.accountOf('eve').secret);
  await page.getByText('not verified').waitFor();
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByText('nothing found').waitFor();
  await eve.assertAccessible('a log that was verified');

  const home = mkdtempSync(join(tmpdir(), 'exeat-console-'));
  const save = async (button: string): Promise<string> => {
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: button }).click();
    const path = join(home, (await saving).suggestedFilename());
    await (await saving).saveAs(path);
    return path;
  };
  try {
    const kept = await save('Save the checkpoints');
    assert.ok(findNotes(readFileSync(kept, 'utf8')).length > 1);
    assert.deepEqual(await findingsOf(dir, { checkpointFiles: [kept] }), []);
    const pack = await save('Take evidence');
    await page.getByText(/\d+ acts with proofs/).waitFor();
    execFileSync('tar', ['xzf', pack], { cwd: home });
    const keyFile = join(dir, 'log.pub');
    assert.deepEqual(await findingsOf(pack.replace('.tar.gz', ''), { keyFile, checkpointFiles: [kept] }), []);
    await page.getByLabel('From (UTC)').fill('2099-01-01T00:00');
    await page.getByRole('button', { name: 'Take evidence' }).click();
    await page.getByText('is not before until').waitFor();
  } finally {
    rmSync(home, { recursive: true, force: true });
  }

  const strange = join(dir, '<img src=x onerror=alert(1)>');
  writeFileSync(strange, '');
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByText('<img src=x onerror=alert(1)> does not belong here').waitFor();
  await eve.assertAccessible('a log with a finding');
  rmSync(strange);
  for (const details of await page.getByText('details', { exact: true }).all()) await details.click();
  await page.getByText('onerror=alert(1)>').nth(1).waitFor();
  assert.equal(await page.locator('img[src=x]').count(), 0);
  await eve.assertClean();
});

test('a session that ended elsewhere asks again and keeps what was written', { skip }, async () => {
  await ana.page.goto('/exceptions/new');
  await ana.page.getByLabel('Service').fill('story');
  await ana.page.getByLabel('Reason').fill('a sentence that was long to write');
  await ana.context.clearCookies();
  await ana.page.getByLabel('Destination').fill('late.example:443');
  await ana.page.getByText('Your session is over').waitFor();
  await ana.assertAccessible('a session that is over');
  await ana.signIn(house.accountOf('ana').secret);
  assert.equal(await ana.page.getByLabel('Reason').inputValue(), 'a sentence that was long to write');
});

test('the page fits a telephone, in the dark too, and nothing broke its policy', { skip }, async () => {
  const small = await openVisitor(browser, house.api, { width: 360, scheme: 'dark' });
  await small.page.goto('/exceptions?show=all');
  await small.signIn(house.accountOf('eve').secret);
  const policy = ['/policy', '/policy/history', '/policy/services/story', '/policy/edit'];
  const others = ['/flow-map', '/break-glass', '/passkeys', '/open', '/audit', '/exceptions/new', '/nowhere'];
  for (const path of ['/', '/decisions', '/exceptions?show=all', ...policy, ...others]) {
    await small.page.goto(path);
    await small.page.getByRole('heading').first().waitFor();
    const width = await small.page.evaluate('document.documentElement.scrollWidth');
    assert.ok((width as number) <= 360, `${path} is ${width} wide`);
    await small.assertAccessible(`${path} in the dark`);
  }
  await goByMenu(small);
  for (const visitor of [ana, ben, small]) await visitor.assertClean();
});

/** With the keyboard: into the menu, round in it, out of it by Esc, and to another page. */
async function goByMenu(small: Visitor): Promise<void> {
  const { page } = small;
  const focused = (): Promise<unknown> => page.evaluate('document.activeElement?.textContent');
  await page.goto('/audit');
  await page.getByRole('button', { name: 'Menu' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Menu' }).waitFor();
  await small.assertAccessible('the menu');
  const inside = '!!document.activeElement?.closest("dialog") || document.activeElement === document.body';
  for (let presses = 0; presses < 20; presses += 1) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(inside), `the focus left the menu for ${await focused()}`);
  }
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await focused(), 'Menu');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Menu' }).waitFor();
  await tabTo(small, 'Open access');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Open access' }).waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
}

async function readDownload(download: { createReadStream(): Promise<NodeJS.ReadableStream> }): Promise<string> {
  let text = '';
  for await (const part of await download.createReadStream()) text += part;
  return text;
}
