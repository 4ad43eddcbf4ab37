import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { VerdictRecord } from '../src/policy/index.ts';
import { openVisitor } from '../test/support/console-browser.ts';
import { startProduct } from '../test/support/product.ts';
import { type SeededAccount, seedPeople } from '../test/support/seed-people.ts';
import { recordsOf, type SeededFlow, seedSpool } from '../test/support/traffic-records.ts';
import { takePicture } from './take-picture.ts';

interface Seeded {
  readonly owner: string;
  readonly mode: 'enforce' | 'observe';
  readonly allow: readonly (readonly [string, string])[];
}

const services: Readonly<Record<string, Seeded>> = {
  'payments-api': {
    ...{ owner: 'team-payments', mode: 'enforce' },
    allow: [
      ['bank-gateway.example.com', 'card settlement'],
      ['schemes.example.net', 'scheme rules'],
      ['mail.example.com', 'receipts'],
    ],
  },
  'ci-runner': {
    ...{ owner: 'team-platform', mode: 'enforce' },
    allow: [
      ['registry.example.net', 'packages'],
      ['cdn.toolchain.example', 'compilers'],
      ['git.example.org', 'sources'],
    ],
  },
  'web-shop': {
    ...{ owner: 'team-shop', mode: 'enforce' },
    allow: [
      ['search.example.net', 'product search'],
      ['assets.cdn.example', 'pictures'],
    ],
  },
  agent: { owner: 'team-agents', mode: 'observe', allow: [['models.example.org', 'completions']] },
};

const denied = { verdict: 'deny', reason: 'no_rule_matched' } as const;
const observed = { wouldDeny: true, wouldDenyReason: 'no_rule_matched', mode: 'observe' } as const;
const granted = { grantId: '01KAR6F1R8000000000000000D' };

/** How often, who, where to, and how it was judged; null for by a rule. */
const traffic: readonly (readonly [number, string, string, Partial<VerdictRecord> | null])[] = [
  [90, 'payments-api', 'bank-gateway.example.com', null],
  [25, 'payments-api', 'schemes.example.net', null],
  [12, 'payments-api', 'files.acquirer.example', granted],
  [9, 'payments-api', 'telemetry.vendor.example', denied],
  [60, 'ci-runner', 'registry.example.net', null],
  [20, 'ci-runner', 'cdn.toolchain.example', null],
  [14, 'ci-runner', 'paste.example.org', denied],
  [55, 'web-shop', 'search.example.net', null],
  [30, 'agent', 'models.example.org', null],
  [22, 'agent', 'docs.example.org', observed],
  [11, 'agent', 'search.example.net', { ...observed, point: 'gateway' }],
];

/** Makes the pictures `flow-map` and `flow-map-draft`: a product of its own, whose spool holds a day of traffic of four services. */
export async function paintFlowMap(browser: Browser): Promise<void> {
  let accounts: ReadonlyMap<string, SeededAccount> = new Map();
  const product = await startProduct({
    policy: { 'team.yaml': Object.entries(services).map(documentOf).join('---\n') },
    prepare: async (folder) => {
      const state = join(folder, '.exeat');
      accounts = await seedPeople(state, [{ id: 'ana', roles: ['requester'] }]);
      seedSpool(state, recordsOf(traffic.flatMap(flowsOf), Date.now() - 60_000), Date.now() - 3_600_000);
    },
  });
  try {
    const { page, signIn, assertClean } = await openVisitor(browser, `http://${product.console}`);
    await page.goto('/flow-map');
    await signIn(accounts.get('ana')?.secret ?? '');
    await page.locator('[data-id="1:payments-api"]').click();
    await page.getByText('Show this service only').waitFor();
    await takePicture(page, 'flow-map');
    await paintDraft(page);
    await assertClean();
  } finally {
    await product.stop();
  }
}

/** One rule of payments-api gives way to another, and the river says what that would break and open. */
async function paintDraft(page: Page): Promise<void> {
  await page.goto('/policy/edit');
  await page.getByRole('textbox', { name: 'Text of team.yaml' }).click();
  await page.keyboard.press('Control+Home');
  for (let line = 1; line < 9; line += 1) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+End');
  await page.keyboard.type('  - { to: "telemetry.vendor.example:443", reason: crash reports }');
  await page.getByRole('link', { name: 'See it on the river' }).click();
  await page.getByText('1 edge of 1 service would be denied').waitFor();
  const river = page.getByRole('group', { name: /^Flow map/ });
  await river.locator('path[data-verdict="newly_denied"]').last().dispatchEvent('click');
  await takePicture(page, 'flow-map-draft');
}

function documentOf([service, { owner, mode, allow }]: readonly [string, Seeded]): string {
  const until = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10);
  const modeLines = mode === 'enforce' ? 'mode: enforce' : `mode: observe\nobserveUntil: ${until}`;
  const rules = allow.map(([host, reason]) => `  - { to: "${host}:443", reason: ${reason} }\n`).join('');
  return `apiVersion: exeat/v1
service: ${service}
owner: ${owner}
kind: app
${modeLines}
identities: [ "credential:${service}" ]
allow:
${rules}`;
}

function flowsOf([count, service, host, change]: (typeof traffic)[number]): readonly SeededFlow[] {
  const judged = change ?? { ruleIds: [`${service}/allow/${host}:443`] };
  const bytesDown = 2_000 * host.length * (1 + (count % 5));
  return Array.from({ length: count }, () => ({ service, host, bytesDown, change: judged }));
}
