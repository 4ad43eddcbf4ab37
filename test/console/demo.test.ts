import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DecisionRow, ExceptionAnswer, Page } from '../../src/api/contract/index.ts';
import type { Demo } from '../../src/app/index.ts';
import { type ApiPerson, personWith } from '../support/api-people.ts';
import { addAuthenticator } from '../support/console-acts.ts';
import { openVisitor, startBrowser } from '../support/console-browser.ts';
import { waitFor } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// `exeat demo` as somebody runs it: started once, looked at by its API and in a browser, ended by Ctrl-C.

const skip = skipUnless('chromium');
const cliPath = fileURLToPath(new URL('../../src/cli/exeat.ts', import.meta.url));
let temporary: string;
let child: ChildProcess;
let demo: Omit<Demo, 'stop'>;
let stderr = '';

before(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'exeat-story-'));
  // One that was killed could not take its folder away.
  mkdirSync(join(temporary, 'exeat-demo-killed'));
  writeFileSync(join(temporary, 'exeat-demo-killed', 'owner'), '4194304999 7');
  const words = ['demo', '--port', '0', '--rate', '30', '-o', 'json'];
  child = spawn(process.execPath, [cliPath, ...words], {
    cwd: temporary,
    // A configuration and a proxy of whoever starts it are not the demo's.
    env: { ...process.env, TMPDIR: temporary, EXEAT_LISTEN_PROXY: '127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  demo = JSON.parse(line.toString('utf8')) as typeof demo;
});
after(() => {
  if (child?.exitCode === null) child.kill('SIGKILL');
  rmSync(temporary, { recursive: true, force: true });
});

function as(role: string): ApiPerson {
  const one = demo.signIns.find((signIn) => signIn.role === role);
  return personWith(one?.id ?? '', one?.token ?? '', () => new URL(demo.console).host);
}

async function decisions(query: string): Promise<readonly DecisionRow[]> {
  const { status, body } = await as('requester').get<Page<DecisionRow>>(`/decisions?limit=200&${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.items;
}

test('every kind of decision comes, and none of them leads off loopback', async () => {
  const kinds: readonly (readonly [string, (one: DecisionRow) => boolean])[] = [
    ['allowed at the proxy', ({ point, verdict }) => point === 'proxy' && verdict === 'allow'],
    ['allowed at the DNS filter', ({ point, verdict }) => point === 'dns' && verdict === 'allow'],
    ['denied at the DNS filter', ({ point, verdict }) => point === 'dns' && verdict === 'deny'],
    ['no rule', ({ reason }) => reason === 'no_rule_matched'],
    ['a deny of the service', ({ reason }) => reason === 'rule_denied'],
    ['metadata', ({ host, reason }) => host === '169.254.169.254' && reason === 'boundary_denied'],
    ['a false name', ({ reason }) => reason === 'sni_mismatch'],
    ['a name that leads inside', ({ reason }) => reason === 'address_forbidden'],
    ['a proof too weak', ({ reason }) => reason === 'strength_insufficient'],
    ['observed', ({ wouldDeny }) => wouldDeny !== null],
    ['a new destination', ({ host }) => host?.endsWith('.papers.example') === true],
    ['by an exception', ({ grantId, verdict }) => grantId !== null && verdict === 'allow'],
    ['cut when it ended', ({ stage, reason }) => stage === 'recheck' && reason === 'grant_expired'],
  ];
  const seen = new Map<string, DecisionRow>();
  const missing = (): readonly string[] => kinds.filter(([name]) => !seen.has(name)).map(([name]) => name);
  await waitFor(
    async () => {
      // Each look reads and parses a page: once a second is often enough.
      await sleep(1_000);
      for (const row of [...(await decisions('')), ...(await decisions('reason=grant_expired'))]) {
        for (const [name, is] of kinds) if (is(row)) seen.set(name, row);
        assert.ok(row.address === null || row.address === '127.0.0.1', JSON.stringify(row));
      }
      return missing().length === 0;
    },
    'every kind',
    60_000,
  ).catch((error: unknown) => assert.fail(`${String(error)}: ${missing().join(', ')}; ${stderr}`));
});

test('people have asked, decided, broken glass, and left a review', async () => {
  const list = async (): Promise<readonly ExceptionAnswer[]> =>
    (await as('auditor').get<Page<ExceptionAnswer>>('/exceptions?limit=100')).body.items;
  const wanted: readonly ((one: ExceptionAnswer) => boolean)[] = [
    ({ status, decision }) => status === 'pending' && decision !== null,
    ({ kind, notAfter, endedAt }) => kind === 'exception' && notAfter !== null && endedAt !== null,
    ({ kind, reviewStatus }) => kind === 'break-glass' && reviewStatus !== null,
  ];
  await waitFor(
    async () => {
      const all = await list();
      return wanted.every((is) => all.some(is));
    },
    'each kind of exception',
    20_000,
  );
  assert.equal(stderr, '');
});

test('whoever looks signs in with what was printed, takes evidence, and goes on by the keyboard', {
  skip,
}, async () => {
  const browser = await startBrowser();
  try {
    const eve = await openVisitor(browser, demo.console);
    await eve.page.goto('/open');
    await eve.signIn(demo.signIns.find(({ role }) => role === 'auditor')?.token ?? '');
    const saved = eve.page.waitForEvent('download');
    await eve.page.getByRole('button', { name: 'Evidence pack' }).click();
    assert.match((await saved).suggestedFilename(), /^exeat-open-\d{8}T\d{6}Z-\d+\.tar\.gz$/);
    await eve.page.getByText(/acts? with proofs\. Check it: tar xzf/).waitFor();
    await eve.assertAccessible('open access of the demo');
    await eve.page.keyboard.press('Control+k');
    await eve.page.getByRole('combobox', { name: 'Page or service' }).fill('payments decisions');
    await eve.assertAccessible('the palette');
    await eve.page.keyboard.press('Enter');
    await eve.page.waitForURL(/\/decisions\?service=payments-api$/);
    await eve.page.getByRole('table', { name: 'Decisions' }).waitFor();
    await eve.page.keyboard.press('Control+k');
    await eve.page.getByText('its decisions').first().waitFor();
    await eve.page.keyboard.press('Escape');
    await eve.page.getByRole('dialog').waitFor({ state: 'detached' });
    await eve.assertClean();
    // At the address that was printed, a device makes a passkey; by the address of loopback the page says where to go.
    const ben = await openVisitor(browser, demo.console);
    await addAuthenticator(ben);
    await ben.page.goto('/passkeys');
    await ben.signIn(demo.signIns.find(({ role }) => role === 'approver')?.token ?? '');
    await ben.page.getByLabel('Name').fill('laptop');
    await ben.page.getByRole('button', { name: 'Register a passkey' }).click();
    await ben.page.getByText('not used yet').waitFor();
    await ben.assertClean();
    const byAddress = await openVisitor(browser, demo.console.replace('localhost', '127.0.0.1'));
    await byAddress.page.goto('/passkeys');
    await byAddress.signIn(demo.signIns.find(({ role }) => role === 'approver')?.token ?? '');
    await byAddress.page.getByRole('link', { name: demo.console }).waitFor();
    await byAddress.assertClean();
  } finally {
    await browser.close();
  }
});

test('Ctrl-C ends every process and takes the folder away', async () => {
  writeFileSync(join(temporary, 'bystander'), '');
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(temporary), ['bystander']);
  for (const pid of Object.values(demo.pids)) {
    assert.throws(() => process.kill(pid ?? 0, 0), /ESRCH/);
  }
});
