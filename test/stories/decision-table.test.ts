import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { decode, encode } from 'dns-packet';
import { runCli } from '../../src/cli/index.ts';
import { hostText, parseWireHost } from '../../src/destination/index.ts';
import {
  type CompiledPolicy,
  compilePolicy,
  type DecisionFacts,
  type DecisionRecord,
  decide,
  noFacts,
  openGrants,
  openPolicy,
  parsePolicyFiles,
  type Reason,
  type VerdictRecord,
} from '../../src/policy/index.ts';
import { askAbsoluteForm, askConnect, askSocks, proofOf, socksAuth, socksConnect } from '../support/ask-proxy.ts';
import { startHttpOrigin } from '../support/attack-origins.ts';
import {
  type DecisionCase,
  decisionCaseGrants,
  decisionCaseNow,
  decisionCasePolicy,
  decisionCases,
} from '../support/decision-cases.ts';
import { type EchoOrigin, startTcpEcho } from '../support/echo-origins.ts';
import { openGrantDesk } from '../support/grant-desk.ts';
import { type ParentProxy, startParentProxy } from '../support/parent-proxy.ts';
import { firstVerdict, playSession } from '../support/play-session.ts';
import { seedForTest } from '../support/policy-fixture.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { basicProof, connectHead } from '../support/raw-client.ts';
import { type StubAuthority, startStubAuthority } from '../support/stub-authority.ts';

/** What every way of asking must agree on. */
interface Answer {
  readonly verdict: 'allow' | 'deny';
  readonly reason: Reason;
  readonly ruleIds: readonly string[];
}

const credentials = ['payments-api', 'watched', 'revoked-api'] as const;
let origin: EchoOrigin;
let http: Awaited<ReturnType<typeof startHttpOrigin>>;
let parent: ParentProxy;
let product: RunningProduct;
let authority: StubAuthority;

const policy: CompiledPolicy = compile(decisionCasePolicy);
const listed = decisionCaseGrants(decisionCaseNow);
const facts: DecisionFacts = { ...noFacts, grants: openGrants(listed.grants, listed.ended) };

describe('one table of decisions', () => {
  test('holds enough rows of every kind', () => {
    assert.ok(decisionCases.length >= 25);
    assert.ok(decisionCases.filter((row) => row.verdict === 'allow').length >= 8);
    assert.ok(decisionCases.filter((row) => row.protocol === 'http').length >= 3);
  });

  test('is what decide answers', () => {
    for (const row of decisionCases) assert.deepEqual(byDecide(row), expected(row), titleOf(row));
  });

  test('is what sessions answer, by CONNECT, absolute form and SOCKS5, with no socket', () => {
    for (const row of decisionCases) {
      for (const [form, parts] of Object.entries(partsOf(row, 'secret'))) {
        const played = playSession({ policy, nowMs: decisionCaseNow, parts, facts });
        const record = firstVerdict(played);
        assert.ok(record !== undefined, `${titleOf(row)} by ${form} recorded nothing: ${played.commands}`);
        assert.deepEqual(pick(record), expected(row), `${titleOf(row)} by ${form}`);
        const isNameDenied = row.verdict === 'deny';
        assert.equal(
          played.commands.includes('resolve') || played.commands.includes('dial'),
          !isNameDenied,
          titleOf(row),
        );
      }
    }
  });
});

describe('the same table through the whole product', () => {
  before(startAll);
  after(async () => {
    await product?.stop();
    await Promise.all([parent?.close(), origin?.close(), http?.close(), authority?.close()]);
  });

  test('is what the live proxy answers by CONNECT, absolute form and SOCKS5', async () => {
    const sources = new Map<string, { readonly row: DecisionCase; readonly form: string }>();
    for (const row of decisionCases) {
      for (const [form, source] of await askAll(row)) sources.set(source, { row, form });
    }
    const records = await waitFor(async () => {
      const found = (await product.records()).filter((record): record is VerdictRecord => isFirst(record, sources));
      return found.length >= sources.size && found;
    }, 'a verdict record of each request');
    assert.equal(records.length, sources.size);
    for (const record of records) {
      const asked = sources.get(record.source);
      assert.ok(asked !== undefined);
      assert.deepEqual(pick(record), expected(asked.row), `${titleOf(asked.row)} by ${asked.form}`);
    }
    assert.ok(sources.size > decisionCases.length * 1.5);
  });

  test('is what the DNS filter answers for names: open where some port of it is, else denied for the same reason', async () => {
    const asked = namesOf(decisionCases);
    assert.ok(asked.length >= 20);
    for (const [row, answers] of asked) {
      const before = authority.asked(row.host).length;
      const rcode = await askOverHttps(row);
      const isAllowed = answers.some(({ verdict }) => verdict === 'allow');
      // Nobody is told apart from somebody who may not (reason `identity_revoked` is about who asks).
      const denied = row.reason === 'identity_revoked' ? 'REFUSED' : 'NXDOMAIN';
      assert.equal(rcode, isAllowed ? 'NOERROR' : denied, titleOf(row));
      const isMine = (record: DecisionRecord): boolean =>
        record.kind === 'verdict' &&
        record.point === 'dns' &&
        record.destination?.host === row.host &&
        record.principal?.service === row.credential;
      const record = (await product.waitForRecord(isMine)) as VerdictRecord;
      assert.ok(
        answers.some((one) => one.verdict === record.verdict && one.reason === record.reason),
        `${titleOf(row)}: ${record.verdict} ${record.reason}`,
      );
      const after = authority.asked(row.host).length;
      assert.ok(isAllowed ? after > 0 : after === before, `${titleOf(row)} was asked ${after - before} times`);
    }
  });

  test('is what `exeat decide` answers, with its exit code', async () => {
    for (const row of decisionCases) {
      let out = '';
      const args = [
        'decide',
        '--as',
        `credential:${row.credential}`,
        '--to',
        spelled(row),
        '--no-resolve',
        '-o',
        'json',
      ];
      const code = await runCli([...args, '--config', product.configPath], {
        env: {},
        now: Date.now,
        writeOut: (text) => {
          out += text;
        },
        writeError: (text) => assert.fail(text),
      });
      const { verdict, reason, ruleIds, answeredBy } = JSON.parse(out) as Answer & { answeredBy: string };
      assert.deepEqual({ verdict, reason, ruleIds: [...ruleIds].sort() }, expected(row), titleOf(row));
      assert.equal(code, row.verdict === 'allow' ? 0 : 5);
      assert.equal(answeredBy, 'point');
    }
  });
});

async function startAll(): Promise<void> {
  origin = await startTcpEcho();
  http = await startHttpOrigin();
  // Ports and addresses of the table are real ones; a parent proxy leads them all to loopback.
  authority = await startStubAuthority({
    '*.example.com': { does: 'addresses', addresses: ['203.0.113.7'] },
    '*.example.net': { does: 'addresses', addresses: ['203.0.113.7'] },
    '*.example.org': { does: 'addresses', addresses: ['203.0.113.7'] },
  });
  parent = await startParentProxy((authority) => (authority.endsWith(':80') ? http.port : origin.port));
  const soon = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);
  assert.match(decisionCasePolicy, /observeUntil: \d{4}-\d{2}-\d{2}\n/);
  product = await startProduct({
    // The live proxy has the real clock; the end of observing moves along with it.
    policy: { 'cases.yaml': decisionCasePolicy.replace(/observeUntil: [\d-]+/, `observeUntil: ${soon}`) },
    credentials,
    config: {
      upstreamProxy: `http://127.0.0.1:${parent.port}`,
      listen: { proxy: '127.0.0.1:0', console: '127.0.0.1:0', doh: '127.0.0.1:0' },
      resolver: { servers: [authority.server] },
      dns: { sample: 1 },
    },
    proxyTls: { names: ['dns.example'], addresses: ['127.0.0.1'] },
  });
  const { grants, ended } = decisionCaseGrants(Date.now());
  await (await openGrantDesk(product)).put(grants, ended);
}

/** Every name of the table with all its rows for one credential. */
function namesOf(cases: readonly DecisionCase[]): readonly (readonly [DecisionCase, readonly DecisionCase[]])[] {
  const named = cases.filter(({ host }) => !/^[\d.]+$/.test(host));
  const groups = Map.groupBy(named, ({ credential, host }) => `${credential} ${host}`);
  return [...groups.values()].flatMap((rows) => (rows[0] === undefined ? [] : [[rows[0], rows] as const]));
}

/** Asks for the address of the row's name by DNS over HTTPS, the path saying who asks; gives the response code. */
async function askOverHttps(row: DecisionCase): Promise<string> {
  const { doh } = product.report;
  const query = encode({ type: 'query', id: 0, flags: 0x100, questions: [{ type: 'A', name: row.host }] });
  const url = `https://${doh}/dns-query/${row.credential}/${product.secretOf(row.credential)}`;
  const request = httpsRequest(url, {
    method: 'POST',
    ca: readFileSync(product.proxyCaFile()),
    headers: { 'content-type': 'application/dns-message', 'content-length': query.length },
    timeout: 10_000,
  });
  request.end(query);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200, titleOf(row));
  const packet = decode(await buffer(response)) as { readonly rcode?: string };
  return packet.rcode ?? '';
}

function compile(text: string): CompiledPolicy {
  const { tree, faults } = parsePolicyFiles([{ path: 'cases.yaml', text }]);
  assert.deepEqual(faults, []);
  const bytes = compilePolicy(tree, { version: 'sha256:table', seed: seedForTest });
  assert.ok(bytes.ok);
  const opened = openPolicy(bytes.value);
  assert.ok(opened.ok);
  return opened.value;
}

function byDecide(row: DecisionCase): Answer {
  const host = parseWireHost(row.host);
  assert.ok(host.ok, row.host);
  assert.equal(hostText(host.value), row.host);
  const identity = `credential:${row.credential}`;
  const verdict = decide(policy, {
    principal: { service: row.credential, identity, strength: row.strength, source: null, expiresAt: null },
    destination: { host: host.value, port: row.port, protocol: row.protocol },
    facts,
    now: decisionCaseNow,
  });
  return pick(verdict);
}

/** The client's bytes of each form that can ask for this row. */
function partsOf(row: DecisionCase, secret: string): Readonly<Record<string, readonly Uint8Array[]>> {
  const authority = `${row.host}:${row.port}`;
  const proof = basicProof(row.credential, secret);
  if (row.protocol === 'http') {
    const head = `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${proof}\r\n\r\n`;
    return { 'absolute form': [Buffer.from(head)] };
  }
  const socks = [Uint8Array.of(5, 1, 2), socksAuth({ name: row.credential, secret }), socksConnect(row)];
  return { CONNECT: [Buffer.from(connectHead(authority, { proof }))], SOCKS5: socks };
}

/** Asks the live proxy in every form that can ask for this row; gives where each came from, and checks what the client is told. */
async function askAll(row: DecisionCase): Promise<readonly (readonly [form: string, source: string])[]> {
  const ask = {
    port: product.proxyPort,
    authority: `${row.host}:${row.port}`,
    proof: proofOf(product, row.credential),
  };
  const isAllowed = row.verdict === 'allow';
  if (row.protocol === 'http') {
    const answer = await askAbsoluteForm(ask);
    assert.deepEqual([answer.status, answer.reason], isAllowed ? [200, null] : [403, row.reason], titleOf(row));
    return [['absolute form', answer.source]];
  }
  const connect = await askConnect(ask);
  assert.deepEqual([connect.status, connect.reason], isAllowed ? [200, null] : [403, row.reason], titleOf(row));
  const socks = await askSocks(product.proxyPort, row, {
    name: row.credential,
    secret: product.secretOf(row.credential),
  });
  assert.equal(socks.reply, isAllowed ? 0 : 2, titleOf(row));
  return [
    ['CONNECT', connect.source],
    ['SOCKS5', socks.source],
  ];
}

function isFirst(record: DecisionRecord, sources: ReadonlyMap<string, unknown>): boolean {
  return (
    record.kind === 'verdict' && sources.has(record.source) && (record.stage === 'name' || record.stage === 'address')
  );
}

function pick({ verdict, reason, ruleIds }: Answer): Answer {
  return { verdict, reason, ruleIds: [...ruleIds].sort() };
}

function expected(row: DecisionCase): Answer {
  return pick(row);
}

function spelled(row: DecisionCase): string {
  return `${row.protocol === null ? '' : `${row.protocol}://`}${row.host}:${row.port}`;
}

function titleOf(row: DecisionCase): string {
  return `${row.credential} -> ${spelled(row)}`;
}
