import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { ProposalAnswer, ServiceAnswer, ServicesAnswer } from '../../src/api/contract/index.ts';
import { askConnect, proofOf } from '../support/ask-proxy.ts';
import { openVisitor, startBrowser, type Visitor } from '../support/console-browser.ts';
import { startTcpEcho } from '../support/echo-origins.ts';
import { type ParentProxy, startParentProxy } from '../support/parent-proxy.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';
import { type SeededAccount, seedPeople } from '../support/seed-people.ts';

const skip = skipUnless('chromium');
const hostile = '<img src=x onerror=document.title=1>';
let origin: Awaited<ReturnType<typeof startTcpEcho>>;
let parent: ParentProxy;
let product: RunningProduct;
let browser: Browser;
let ana: Visitor;
let secret = '';

function policy(): string {
  const until = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10);
  return `# ${hostile} {{constructor}} \u202e
apiVersion: exeat/v1
service: payments-api
owner: "${hostile}"
kind: app
identities: [ "credential:payments" ]
allow:
  - { to: "bank.example:8443", reason: card settlement }
---
apiVersion: exeat/v1
service: ci-runner
owner: team-platform
kind: build
mode: observe # until the first month is over
observeUntil: ${until}
identities: [ "credential:ci" ]
allow:
  # what builds need
  - { to: "registry.example:8443", reason: packages }
  - { to: "old.example:8443", reason: the registry of before }
tests:
  - { allow: "registry.example:8443" }
`;
}

before(async () => {
  if (skip !== false) return;
  origin = await startTcpEcho();
  let accounts: ReadonlyMap<string, SeededAccount> = new Map();
  // Through a parent the addresses are its to judge, so that observe has something to let out on a machine without a network.
  parent = await startParentProxy(() => origin.port);
  [product, browser] = await Promise.all([
    startProduct({
      policy: { 'team.yaml': policy() },
      credentials: ['payments', 'ci'],
      config: { upstreamProxy: `http://127.0.0.1:${parent.port}` },
      prepare: async (folder) => {
        accounts = await seedPeople(join(folder, '.exeat'), [{ id: 'ana', roles: ['requester'] }]);
      },
    }),
    startBrowser(),
  ]);
  secret = accounts.get('ana')?.secret ?? '';
  for (const host of ['registry.example', 'cdn.example', 'cdn.example', 'stray.example']) await reach('ci', host);
  await reach('payments', 'nowhere.example');
  await waitFor(
    async () => (await get<ServiceAnswer>('/policy/services/ci-runner')).observed.length === 2,
    'what was observed',
  );
  ana = await openVisitor(browser, `http://${product.console}`);
  await ana.page.goto('/policy');
  await ana.signIn(secret);
});
after(async () => {
  await browser?.close();
  await product?.stop();
  await parent?.close();
  await origin?.close();
});

async function reach(credential: string, host: string): Promise<void> {
  await askConnect({
    port: product.proxyPort,
    authority: `${host}:8443`,
    proof: proofOf(product, credential),
  });
}

async function ask(path: string, body?: unknown): Promise<Response> {
  return fetch(`http://${product.console}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function get<T>(path: string): Promise<T> {
  return (await (await ask(path)).json()) as T;
}

test('services are listed with owner, mode and use, whatever an owner is called', { skip }, async () => {
  const { page } = ana;
  const row = page.getByRole('row', { name: /ci-runner/ });
  await row.getByText('observed until').waitFor();
  await row.getByText('2 destinations without a rule').waitFor();
  await row.getByText('1 not seen used').waitFor();
  await page
    .getByRole('row', { name: /payments-api/ })
    .getByText(hostile)
    .waitFor();
  await page
    .getByRole('row', { name: /payments-api/ })
    .getByText('not seen', { exact: true })
    .waitFor();
  await ana.assertAccessible('the services');
  await page.getByRole('link', { name: 'Observed' }).click();
  await waitFor(async () => (await page.getByRole('row').count()) === 2, 'only what is observed');
  assert.match(page.url(), /mode=observe/);
});

test('from observe to enforce: what would break, rules for what is meant, and the plan of both', { skip }, async () => {
  const { page } = ana;
  await page.getByRole('link', { name: 'ci-runner' }).click();
  await page.getByText('Enforced now, 2 destinations would be refused').waitFor();
  await ana.assertAccessible('a service');
  await page.getByRole('checkbox', { name: /stray\.example/ }).uncheck();
  await page.getByRole('link', { name: 'Draft the switch with 1 rule' }).click();
  await page.getByText('Write a reason in place of each TODO').waitFor();
  // The check of the command line, in this browser: a reason is missing, at its line.
  const finding = page.getByRole('button', { name: /^team\.yaml:20:/ });
  await finding.waitFor();
  await page.getByText('1 fault: this policy would not load').waitFor();
  assert.match(page.url(), /\/policy\/edit\?file=team\.yaml$/, 'a draft is written once');
  await finding.click();
  await page.keyboard.press('End');
  for (let at = 0; at < 'TODO }'.length; at += 1) await page.keyboard.press('Backspace');
  await page.keyboard.type('pictures of packages }');
  await page.getByText('1 test passed, 0 failed').waitFor();
  await page.getByRole('button', { name: 'Try it' }).click();
  await page.getByText('would be put in force').waitFor();
  const delta = page.getByRole('list', { name: 'Access delta' });
  await delta.getByText('allow ci-runner/allow/cdn.example:8443').waitFor();
  await delta.getByText(/^observe ci-runner until/).waitFor();
  await page.getByText('5 recorded connections from').waitFor();
  const refused = page.getByRole('region', { name: 'Would be refused: 1 destination' });
  await refused.getByText('stray.example').waitFor();
  assert.equal(await refused.getByText('cdn.example').count(), 0);
  await ana.assertAccessible('the editor with a plan');
  await ana.assertClean();
});

test('a failing test and a doubtful rule show up while somebody writes', { skip }, async () => {
  const { page } = ana;
  await page.getByRole('button', { name: 'Try it' }).waitFor();
  const text = page.getByRole('textbox', { name: 'Text of team.yaml' });
  await text.click();
  await page.keyboard.press('Control+End');
  // What follows a line stands as far in as it does.
  await page.keyboard.type('  - { deny: "registry.example:1" }\n- { allow: "never.example:1" }');
  await page.getByText('2 tests passed, 1 failed').waitFor();
  await page.getByText('test failed').waitFor();
  await page.getByText('The text changed since: try it again.').waitFor();
  // Completion knows the grammar; hostile text stays text.
  await page.keyboard.type('\n- { deny: "a.example:1", bec');
  await page.getByRole('option', { name: /^because/ }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal((await page.getByText(hostile).count()) > 0, true);
  // What is typed slowly is undone in as many steps.
  for (let at = 0; at < 120 && (await text.textContent())?.includes('registry.example:1"') === true; at += 1) {
    await page.keyboard.press('Control+z');
  }
  await waitFor(async () => (await page.getByText('1 test passed, 0 failed').count()) === 1, 'the text of before');
  await page.keyboard.press('Tab');
  assert.equal(
    await page.evaluate('document.activeElement.closest("[class*=editor]")'),
    null,
    'the tabulator leaves it',
  );
  assert.notEqual(await page.title(), '1');
  await ana.assertClean();
});

test('the patch is what git applies, and once the files are read it is in force', { skip }, async () => {
  const { page } = ana;
  const shown = page.getByRole('region', { name: 'Patch' }).locator('pre');
  const isChange = (line: string): boolean => /^[+-](?![+-])/.test(line);
  // What was undone just now is drawn a moment later.
  const patch = await waitFor(async () => {
    const text = (await shown.textContent()) ?? '';
    return text.split('\n').filter(isChange).length === 4 && text;
  }, 'a patch of four lines');
  assert.match(patch, /^-mode: observe # until the first month is over$/m);
  assert.match(patch, /^\+mode: enforce # until the first month is over$/m);
  const path = join(product.folder, 'proposal.patch');
  writeFileSync(path, patch);
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() };
  execFileSync('git', ['apply', path], { cwd: product.policyFolder, env, stdio: 'pipe' });
  await waitFor(
    async () => (await get<ServiceAnswer>('/policy/services/ci-runner')).service.mode === 'enforce',
    'the patch in force',
  );
  await page.goto('/policy/services/ci-runner');
  await page.getByText('enforced', { exact: true }).waitFor();
  await page.getByText('pictures of packages').waitFor();
  await page.goto('/policy');
  await page.getByRole('link', { name: 'History' }).click();
  const [latest, first] = [page.getByRole('region').nth(0), page.getByRole('region').nth(1)];
  await latest.getByText('in force', { exact: true }).waitFor();
  await latest.getByText(/^observe ci-runner until \d{4}-\d\d-\d\d$/).waitFor();
  await latest.getByText('opens more').waitFor();
  await first.getByText('the first one').waitFor();
  await ana.assertAccessible('the history of the policy');
});

test('a denial leads to a rule for it, in the dark too', { skip }, async () => {
  const dark = await openVisitor(browser, `http://${product.console}`, { scheme: 'dark', width: 400 });
  const { page } = dark;
  await page.goto('/decisions?host=nowhere.example');
  await dark.signIn(secret);
  await page.getByRole('link', { name: /nowhere\.example/ }).click();
  await page.getByRole('link', { name: 'Draft a rule' }).click();
  await page.getByText('Write a reason in place of each TODO').waitFor();
  await page.getByRole('region', { name: 'Patch' }).getByText('nowhere.example').waitFor();
  await page.getByText('1 fault: this policy would not load').waitFor();
  await dark.assertAccessible('the editor in the dark');
  await page.goto('/policy');
  await page.getByRole('row', { name: /ci-runner/ }).waitFor();
  await dark.assertAccessible('the services in the dark');
  // Without a mouse: to the editor, into it, and out again.
  await page.getByRole('link', { name: 'Change it' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Text of team.yaml' }).waitFor();
  const isInside = 'document.activeElement?.shadowRoot?.activeElement != null';
  await page.getByRole('combobox', { name: 'File' }).focus();
  for (let at = 0; at < 6 && !(await page.evaluate(isInside)); at += 1) await page.keyboard.press('Tab');
  assert.ok(await page.evaluate(isInside), 'the tabulator leads into the editor');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('# by hand');
  await page.getByRole('region', { name: 'Patch' }).getByText('# by hand').waitFor();
  await page.keyboard.press('Tab');
  assert.ok(!(await page.evaluate(isInside)), 'and out of it');
  // Somebody else changes the file meanwhile: it is told what they changed, and nothing of the draft is lost.
  const path = join(product.policyFolder, 'team.yaml');
  writeFileSync(path, `${readFileSync(path, 'utf8')}# by somebody else\n`);
  const told = page.getByRole('alert').filter({ hasText: 'Somebody changed team.yaml since you began' });
  await waitFor(async () => {
    await page.evaluate("dispatchEvent(new Event('visibilitychange'))");
    return (await told.count()) > 0;
  }, 'what somebody else changed');
  await told.getByText('What they changed', { exact: true }).click();
  await told.getByText('+# by somebody else').waitFor();
  await page.getByRole('region', { name: 'Patch' }).getByText('# by hand').waitFor();
  await dark.assertAccessible('a draft that is stale');
  await dark.assertClean();
});

test('the API shows and tries, and changes nothing; nothing but the policy is read by it', { skip }, async () => {
  const services = await get<ServicesAnswer>('/policy/services?limit=1');
  assert.deepEqual([services.items.length, services.total], [1, 2]);
  assert.equal(
    (await get<ServicesAnswer>(`/policy/services?limit=1&cursor=${services.next}`)).items[0]?.name,
    'payments-api',
  );
  for (const path of ['../exeat.yaml', '/etc/passwd', '..%2f..%2fkeys', 'team.yaml/..']) {
    assert.equal((await ask(`/policy/file?path=${path}`)).status, 404, path);
  }
  const { policyVersion } = services;
  const files = [{ path: 'team.yaml', text: 'apiVersion: exeat/v1\n' }];
  let answers: readonly Response[] = [];
  // So little is checked in milliseconds: two that are sent at once may come one after the other.
  await waitFor(async () => {
    answers = await Promise.all([1, 2].map(() => ask('/policy/check', { policyVersion, files })));
    return answers.some(({ status }) => status === 429);
  }, 'two at once');
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 429]);
  const good = (await answers.find(({ ok }) => ok)?.json()) as ProposalAnswer;
  assert.equal(good.wouldLoad, false);
  assert.equal((await ask('/policy/check', { policyVersion: 'sha256:1', files })).status, 412);
  assert.equal((await get<ServicesAnswer>('/policy/services')).policyVersion, policyVersion);
});
