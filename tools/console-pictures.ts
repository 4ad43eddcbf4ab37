// Makes the pictures of docs/guide/, each light and dark: a real `exeat up` with people and traffic, a real Chromium, no hand.
//   node tools/build-console.ts && node tools/console-pictures.ts
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { ExceptionAnswer } from '../src/api/contract/index.ts';
import { personWith } from '../test/support/api-people.ts';
import { askConnect, proofOf } from '../test/support/ask-proxy.ts';
import { addAuthenticator, freePort } from '../test/support/console-acts.ts';
import { openVisitor, startBrowser, type Visitor } from '../test/support/console-browser.ts';
import { startTcpEcho } from '../test/support/echo-origins.ts';
import { startParentProxy } from '../test/support/parent-proxy.ts';
import { type RunningProduct, startProduct } from '../test/support/product.ts';
import { type SeededAccount, seedPeople } from '../test/support/seed-people.ts';
import { paintFlowMap } from './paint-flow-map.ts';
import { pictures, takePicture } from './take-picture.ts';

const people = [
  { id: 'ana', roles: ['requester'] },
  { id: 'ben', roles: ['approver'] },
  { id: 'cyn', roles: ['security'] },
] as const;

function policy(port: number): string {
  const observeUntil = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10);
  return `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments" ]
allow:
  - { to: "tcp://bank-gateway.example:${port}", reason: card settlement }
---
apiVersion: exeat/v1
service: ci-runner
owner: team-platform
kind: build
mode: observe
observeUntil: ${observeUntil}
identities: [ "credential:ci" ]
allow:
  - { to: "tcp://registry.example:${port}", reason: packages }
  - { to: "tcp://mirror.toolchain.example:${port}", reason: the mirror of before }
tests:
  - { allow: "tcp://registry.example:${port}" }
`;
}

const traffic: readonly (readonly [string, string])[] = [
  ['payments', 'bank-gateway.example'],
  ['ci', 'registry.example'],
  ['ci', 'pastebin.com'],
  ['ci', 'cdn.toolchain.example'],
  ['ci', 'cdn.toolchain.example'],
  ['payments', 'telemetry.vendor.example'],
  ['payments', 'bank-gateway.example'],
  ['ci', 'registry.example'],
  ['payments', 'files.acquirer.example'],
  ['payments', 'bank-gateway.example'],
];

// Where the parent leads to is its own affair.
const port = 443;

await makePictures();

async function makePictures(): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  const origin = await startTcpEcho();
  let accounts: ReadonlyMap<string, SeededAccount> = new Map();
  // Through a parent the addresses are its to judge: observe has something to let out on a machine without a network.
  const parent = await startParentProxy(() => origin.port);
  const product = await startProduct({
    policy: { 'team.yaml': policy(port) },
    credentials: ['payments', 'ci'],
    config: {
      listen: { proxy: '127.0.0.1:0', console: `127.0.0.1:${await freePort()}` },
      upstreamProxy: `http://127.0.0.1:${parent.port}`,
    },
    prepare: async (folder) => {
      accounts = await seedPeople(join(folder, '.exeat'), people);
    },
  });
  const browser = await startBrowser();
  try {
    const secretOf = (person: string): string => accounts.get(person)?.secret ?? '';
    await paint({ product, browser, port, secretOf });
    await paintFlowMap(browser);
  } finally {
    await browser.close();
    await product.stop();
    await parent.close();
    await origin.close();
  }
}

interface Scene {
  readonly product: RunningProduct;
  readonly browser: Browser;
  readonly port: number;
  readonly secretOf: (person: string) => string;
}

async function paint({ product, browser, port, secretOf }: Scene): Promise<void> {
  const at = (): string => product.console;
  const [ana, ben] = people.slice(0, 2).map(({ id }) => personWith(id, secretOf(id), at)) as [ApiLike, ApiLike];
  const before = await request(ana, 'files.acquirer.example', port);
  await ben.post(`/exceptions/${before.id}/approve`, { digest: before.digest });
  for (const [credential, host] of traffic.slice(0, -2)) {
    const ask = { port: product.proxyPort, authority: `${host}:${port}`, proof: proofOf(product, credential) };
    await askConnect(ask);
  }
  await ana.post(`/exceptions/${before.id}/revoke`, { reason: 'the test is done' });
  for (const [credential, host] of traffic.slice(-2)) {
    await askConnect({ port: product.proxyPort, authority: `${host}:${port}`, proof: proofOf(product, credential) });
  }
  const denied = await product.waitForRecord(
    (one) => one.kind === 'verdict' && one.verdict === 'deny' && one.destination?.host === 'files.acquirer.example',
  );
  const light = await openVisitor(browser, `http://${product.console}`);
  await light.page.goto('/decisions');
  await light.signIn(secretOf('ana'));
  await show(light, '/', 'What changed since yesterday', 'overview');
  await show(light, `/decisions?id=${denied.id}`, 'As recorded', 'decisions');
  await show(light, `/exceptions/new?decision=${denied.id}`, 'At most', 'exception-request');
  const asked = await request(ana, 'files.acquirer.example', port);
  const reviewer = await openVisitor(browser, `http://${product.console}`);
  await reviewer.page.goto('/open');
  await reviewer.signIn(secretOf('ben'));
  await show(reviewer, `/exceptions/${asked.id}`, 'before, granted', 'exception-review');
  await show(light, '/open', 'What this answer cannot see', 'open-access');
  await show(light, '/policy/services/ci-runner', 'Draft the switch', 'policy-observe');
  await paintPlan(reviewer);
  await paintPasskeys({ product, browser, port, secretOf });
}

/** Cyn registers a passkey, the admin enrols it, and she is about to break the glass. */
async function paintPasskeys({ product, browser, port, secretOf }: Scene): Promise<void> {
  const cyn = await openVisitor(browser, `http://localhost:${product.console.split(':')[1]}`);
  await addAuthenticator(cyn);
  await cyn.page.goto('/passkeys');
  await cyn.signIn(secretOf('cyn'));
  for (const name of ['laptop', 'security key in the safe']) {
    if (name !== 'laptop') await addAuthenticator(cyn, 'usb');
    await cyn.page.getByLabel('Name').fill(name);
    await cyn.page.getByRole('button', { name: 'Register a passkey' }).click();
    await cyn.page.getByText(name, { exact: true }).waitFor();
  }
  const root = personWith('root', secretOf('root'), () => product.console);
  const { body } = await root.get<{ readonly items: readonly { readonly id: string }[] }>('/passkeys?limit=1');
  await root.post(`/passkeys/${body.items[0]?.id}/enrol`, {});
  await show(cyn, '/passkeys', 'declares break-glass', 'passkeys');
  await cyn.page.goto('/break-glass');
  await cyn.page.getByLabel('Service').fill('payments-api');
  await cyn.page.getByLabel('Destination').fill(`tcp://files.acquirer.example:${port}`);
  await cyn.page.getByLabel('Reason').fill('payments stand still, INC-4711');
  await snap(cyn, 'once somebody else stands by it', 'break-glass');
  await cyn.page.goto('/audit');
  await cyn.page.getByRole('button', { name: 'Verify now' }).click();
  await snap(cyn, 'nothing found', 'audit');
}

/** The editor with the switch to enforce drafted, and what it would come to. */
async function paintPlan({ page, assertClean }: Visitor): Promise<void> {
  await page.goto('/policy/services/ci-runner');
  await page.getByRole('link', { name: /Draft the switch/ }).click();
  await page.getByRole('button', { name: /^team\.yaml:/ }).click();
  await page.keyboard.press('End');
  for (let at = 0; at < 'TODO }'.length; at += 1) await page.keyboard.press('Backspace');
  await page.keyboard.type('packages come from there }');
  await page.getByText('1 fault').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Try it' }).click();
  await page.getByText('would be put in force').waitFor();
  await page.setViewportSize({ width: 1280, height: 1240 });
  await page.evaluate('scrollTo(0, 0)');
  await takePicture(page, 'policy-plan');
  await assertClean();
}

type ApiLike = ReturnType<typeof personWith>;

async function request(ana: ApiLike, host: string, port: number): Promise<ExceptionAnswer> {
  const { body } = await ana.post<ExceptionAnswer>('/exceptions', {
    service: 'payments-api',
    to: `tcp://${host}:${port}`,
    durationSeconds: 8 * 3_600,
    owner: 'team-payments',
    reason: 'the new acquirer is tested before its rule is written',
    ticket: 'CHG-17',
  });
  return body;
}

async function show(visitor: Visitor, path: string, text: string, name: string): Promise<void> {
  await visitor.page.goto(path);
  await snap(visitor, text, name);
}

async function snap(visitor: Visitor, text: string, name: string): Promise<void> {
  await visitor.page.getByText(text).first().waitFor();
  await takePicture(visitor.page, name);
  await visitor.assertClean();
}
