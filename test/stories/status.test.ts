import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type VerdictRecord, verdictCount } from '../../src/policy/index.ts';
import { askConnect, type ProxyAnswer, proofOf } from '../support/ask-proxy.ts';
import { type EchoOrigin, startTcpEcho } from '../support/echo-origins.ts';
import { type ParentProxy, startParentProxy } from '../support/parent-proxy.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { connectHead, openRaw } from '../support/raw-client.ts';
import { createTokenIssuer } from '../support/token-issuer.ts';

// What `status`, `explain` and `/metrics` say is held against the decision log, which the test folds by itself.

interface Status {
  readonly point: { readonly servicesByMode: { readonly enforce: number; readonly observe: number } };
  readonly connections: {
    readonly total: number;
    readonly enforced: number;
    readonly enforcedShare: number | null;
    readonly wouldDeny: number;
    readonly byStrength: Readonly<Record<string, number>>;
  };
  readonly brokenFlows: readonly {
    readonly service: string;
    readonly host: string;
    readonly port: number;
    readonly reason: string;
    readonly lastAllowed: string;
    readonly lastDenied: string;
  }[];
  readonly brokenFlowCount: number;
}

let origin: EchoOrigin;
let parent: ParentProxy;
let folder: string;
let product: RunningProduct;
let token: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exeat-status-'));
  origin = await startTcpEcho();
  parent = await startParentProxy(() => origin.port);
  const issuer = await createTokenIssuer();
  await writeFile(join(folder, 'jwks.json'), issuer.jwks());
  token = await issuer.sign({ aud: 'exeat', repository_id: '123' });
  product = await startProduct({
    policy: { 'story.yaml': policy(true) },
    credentials: ['app', 'watched'],
    config: {
      upstreamProxy: `http://127.0.0.1:${parent.port}`,
      issuers: [{ issuer: issuer.issuer, audience: 'exeat', jwks: join(folder, 'jwks.json') }],
    },
  });
});
after(async () => {
  await product?.stop();
  await Promise.all([parent?.close(), origin?.close()]);
  await rm(folder, { recursive: true, force: true });
});

function ask(authority: string, proof: string | null): Promise<ProxyAnswer> {
  return askConnect({ port: product.proxyPort, authority, proof });
}

async function status(): Promise<Status> {
  const end = await product.run('status', '-o', 'json');
  assert.equal(end.code, 0, end.stderr);
  return JSON.parse(end.stdout) as Status;
}

async function verdicts(): Promise<readonly VerdictRecord[]> {
  return (await product.records()).filter((record): record is VerdictRecord => record.kind === 'verdict');
}

describe('exeat status', () => {
  before(async () => {
    const app = proofOf(product, 'app');
    const watched = proofOf(product, 'watched');
    for (const [authority, proof, code] of [
      ['one.example:443', app, 200],
      ['one.example:443', app, 200],
      ['sub.wild.example:443', app, 200],
      ['wild.example:443', app, 403],
      ['goes.example:443', app, 200],
      ['known.example:443', watched, 200],
      ['unknown.example:443', watched, 200],
      ['one.example:443', `Bearer ${token}`, 200],
      ['two.example:443', `Bearer ${token}`, 403],
      ['open.example:443', null, 200],
      ['169.254.169.254:80', null, 403],
      ['one.example:443', 'Basic bm9ib2R5Om5vdGhpbmc=', 407],
      ['0x7f.1:443', app, 400],
    ] as const) {
      assert.equal((await ask(authority, proof)).status, code, `${authority} ${proof}`);
    }
    await cutLive('cut.example:443');
    assert.equal((await ask('goes.example:443', app)).reason, 'no_rule_matched');
  });

  test('counts what the decision log holds: in all, under enforce, by strength', async () => {
    const { connections, point } = await status();
    const counted = (await verdicts()).filter(({ principal, destination, stage }) => {
      return principal !== null && destination !== null && (stage === 'name' || stage === 'address');
    });
    assert.equal(connections.total, counted.length);
    const enforced = counted.filter(({ mode }) => mode === 'enforce').length;
    assert.equal(connections.enforced, enforced);
    assert.ok(enforced > 0 && enforced < counted.length);
    assert.equal(connections.enforcedShare, enforced / counted.length);
    assert.equal(connections.wouldDeny, counted.filter(({ wouldDeny }) => wouldDeny).length);
    const byStrength: Record<string, number> = {};
    for (const { principal } of counted) {
      const { strength } = principal ?? { strength: '' };
      byStrength[strength] = (byStrength[strength] ?? 0) + 1;
    }
    assert.deepEqual({ ...connections.byStrength }, byStrength);
    assert.deepEqual(Object.keys(byStrength).sort(), ['network', 'shared-secret', 'token']);
    assert.deepEqual(point.servicesByMode, { enforce: 3, observe: 1 });
  });

  test('lists as broken the flows that worked and are refused now, and no others', async () => {
    const report = await status();
    const shown = report.brokenFlows.map(({ service, host, port, reason }) => `${service} ${host}:${port} ${reason}`);
    assert.deepEqual([...shown].sort(), brokenOf(await verdicts()));
    assert.deepEqual([...shown].sort(), ['app cut.example:443 policy_changed', 'app goes.example:443 no_rule_matched']);
    assert.equal(report.brokenFlowCount, 2);
    for (const flow of report.brokenFlows) assert.ok(flow.lastDenied >= flow.lastAllowed);
  });

  test('a flow that works again is broken no more', async () => {
    await product.changePolicy('story.yaml', policy(true));
    assert.equal((await ask('goes.example:443', proofOf(product, 'app'))).status, 200);
    const report = await waitFor(async () => {
      const now = await status();
      return now.brokenFlowCount === 1 && now;
    }, 'the mended flow');
    assert.deepEqual(
      report.brokenFlows.map((flow) => flow.host),
      ['cut.example'],
    );
  });

  test('says the same to people', async () => {
    const { connections } = await status();
    const { stdout } = await product.run('status');
    assert.match(stdout, new RegExp(`connections \\(30 days\\) +${connections.total}, \\d+\\.\\d % under enforce`));
    assert.match(stdout, /Broken flows[\s\S]*cut\.example/);
    assert.match(stdout, /services +4 \(3 enforce, 1 observe\)/);
  });
});

describe('exeat explain', () => {
  test('shows the nearest miss: a wildcard does not cover its apex', async () => {
    const answer = await ask('wild.example:443', proofOf(product, 'app'));
    await product.waitForRecord((record) => record.id === answer.decision);
    const { stdout, code } = await product.run('explain', answer.decision ?? '');
    assert.equal(code, 0);
    assert.match(stdout, /`\*\.wild\.example` does not cover the apex/);
    assert.match(stdout, /no_rule_matched/);
  });

  test('an id that is none, and one that nobody knows, are one line each', async () => {
    const malformed = await product.run('explain', 'nonsense');
    assert.equal(malformed.code, 1);
    assert.match(malformed.stderr, /^exeat: `nonsense` is not a decision id[^\n]*\n$/);
    const unknown = await product.run('explain', '01KB0Z2Q6W7V8X9Y0A1B2C3D4E');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^exeat: no decision `01KB0Z2Q6W7V8X9Y0A1B2C3D4E`[^\n]*\n$/);
  });
});

describe('the console listener', () => {
  test('answers /healthz, /readyz and /metrics to GET, beside the console and the API', async () => {
    const get = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
      const response = await fetch(`http://${product.console}${path}`, { method });
      return [response.status, await response.text()];
    };
    assert.deepEqual(await get('/healthz'), [200, 'ok\n']);
    const [code, ready] = await get('/readyz');
    assert.equal(code, 200);
    assert.match(ready, /^ready\npolicy sha256:[0-9a-f]{64}\n$/);
    assert.equal((await get('/'))[0], 200, 'the console');
    assert.equal((await get('/api/v1/nothing'))[0], 404);
    assert.equal((await get('/healthz', 'POST'))[0], 405);
  });

  test('counts in metrics what the decision log holds', async () => {
    const metrics = await (await fetch(`http://${product.console}/metrics`)).text();
    const samples = [...metrics.matchAll(/^exeat_decisions_total\{([^}]*)\} (\d+)$/gm)];
    const label = (text: string, name: string): string => new RegExp(`${name}="([^"]*)"`).exec(text)?.[1] ?? '';
    const counted: Record<string, number> = {};
    for (const [, labels = '', count] of samples) {
      const key = `${label(labels, 'verdict')} ${label(labels, 'reason')} ${label(labels, 'stage')}`;
      counted[key] = (counted[key] ?? 0) + Number(count);
    }
    const logged: Record<string, number> = {};
    for (const record of await verdicts()) {
      const key = `${record.verdict} ${record.reason} ${record.stage}`;
      logged[key] = (logged[key] ?? 0) + verdictCount(record);
    }
    assert.deepEqual(counted, logged);
    assert.match(metrics, /^exeat_challenges_total 1$/m);
  });

  test('a first sighting is told once: a record, a metric, a line', async () => {
    const seen = (await product.records()).filter((record) => record.kind === 'first-seen');
    const keys = seen.map(({ service, domain, port }) => `${service} ${domain}:${port}`);
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(keys.includes('app one.example:443') && keys.includes('app wild.example:443'), `${keys}`);
    const metrics = await (await fetch(`http://${product.console}/metrics`)).text();
    const total = [...metrics.matchAll(/^exeat_first_seen_total\{[^}]*\} (\d+)$/gm)].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
    assert.equal(total, seen.length);
    assert.equal(product.stderr().split('"msg":"first seen"').length - 1, seen.length);
  });
});

/** A live tunnel whose rule is taken away. */
async function cutLive(authority: string): Promise<void> {
  const client = await openRaw(product.proxyPort);
  client.send(connectHead(authority, { proof: proofOf(product, 'app') }));
  assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
  await product.changePolicy('story.yaml', policy(false));
  await client.readToEnd(2_000);
  client.close();
}

/** Edges whose last verdict is a deny after an allow, by the log alone. */
function brokenOf(records: readonly VerdictRecord[]): readonly string[] {
  const edges = new Map<string, { wasAllowed: boolean; deniedBy: string | null }>();
  for (const { principal, destination, verdict, reason } of records) {
    if (principal === null || destination === null) continue;
    const key = `${principal.service} ${destination.host}:${destination.port}`;
    const edge = edges.get(key) ?? { wasAllowed: false, deniedBy: null };
    if (verdict === 'allow') edge.wasAllowed = true;
    edge.deniedBy = verdict === 'allow' ? null : reason;
    edges.set(key, edge);
  }
  const broken = [...edges].filter(([, edge]) => edge.wasAllowed && edge.deniedBy !== null);
  return broken.map(([key, edge]) => `${key} ${edge.deniedBy}`).sort();
}

function policy(isWide: boolean): string {
  const until = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);
  return `apiVersion: exeat/v1
service: app
owner: team-story
kind: app
mode: enforce
identities: [ "credential:app" ]
allow:
  - { to: "tcp://one.example:443", reason: the first origin }
  - { to: "tcp://*.wild.example:443", reason: everything below }
${
  isWide
    ? `  - { to: "tcp://goes.example:443", reason: goes later }
  - { to: "tcp://cut.example:443", reason: is cut later }
`
    : ''
}\
---
apiVersion: exeat/v1
service: watched
owner: team-story
kind: app
mode: observe
observeUntil: ${until}
identities: [ "credential:watched" ]
allow: [ { to: "tcp://known.example:443", reason: known already } ]
---
apiVersion: exeat/v1
service: builder
owner: team-story
kind: build
mode: enforce
identities:
  - token: { issuer: "https://ci.example.com", claims: { repository_id: "123" } }
allow: [ { to: "tcp://one.example:443", reason: the first origin } ]
---
apiVersion: exeat/v1
service: sourced
owner: team-story
kind: app
mode: enforce
identities: [ "source:127.0.0.0/8" ]
allow: [ { to: "tcp://open.example:443", reason: by source alone } ]
`;
}
