import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { EntryAnswer, ExceptionAnswer, OpenAnswer, Page, UsageAnswer } from '../../src/api/contract/index.ts';
import type { DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { type OpenTunnel, openTunnel, proofOf } from '../support/ask-proxy.ts';
import { type LoopbackServer, serveOnLoopback } from '../support/loopback-server.ts';
import { createAuthority } from '../support/pki.ts';
import { type CommandEnd, type RunningProduct, runExeat, startProduct, waitFor } from '../support/product.ts';
import { freePorts } from '../support/quickstart-copy.ts';
import { type SeededAccount, seedPeople } from '../support/seed-people.ts';

// The whole life of one exception with real processes, real TLS, curl and the command line, and a clock of seconds:
//
//   denied -> link -> page -> request (ana) -> approve (ben) -> passes -> its time ends -> cut and denied -> closed -> reviewed (cyn)

const lastsMs = 10_000;
const policy = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
mode: enforce
identities: [ "credential:payments" ]
allow:
  - { to: "other.example:443", reason: something else }
`;

let folder: string;
let origin: LoopbackServer;
let caFile: string;
let product: RunningProduct;
let cyn: SeededAccount;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-exception-'));
  const authority = await createAuthority('Exception Story Root');
  caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, authority.certificatePem);
  const issued = await authority.issueServer({ names: ['bank.example'] });
  const server = createHttpsServer({ cert: issued.chainPem, key: issued.keyPem }, (_request, response) =>
    response.end('the bank says hello\n'),
  );
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  origin = await serveOnLoopback(server);
  const [console = 0] = await freePorts(1);
  product = await startProduct({
    policy: { 'story.yaml': policy },
    credentials: ['payments'],
    config: {
      hosts: { 'bank.example': '127.0.0.1' },
      localOrigins: [`127.0.0.1:${origin.port}`],
      listen: { proxy: '127.0.0.1:0', console: `127.0.0.1:${console}` },
    },
    // Somebody who had no hand in anything must be there to review; whoever ana makes counts as ana for 30 days.
    prepare: async (at) => {
      const seeded = await seedPeople(join(at, '.exeat'), [{ id: 'cyn', roles: ['security'] }], { isFounded: false });
      cyn = seeded.get('cyn') ?? assert.fail('cyn is not there');
    },
  });
});
after(async () => {
  await product?.stop();
  await origin?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('an exception from the denial to the review', async () => {
  const authority = `bank.example:${origin.port}`;

  // Denied, with a link to what can be done about it.
  const denied = await curl();
  assert.match(denied.said, /HTTP\/1\.1 403/);
  assert.match(denied.said, /Exeat-Reason: no_rule_matched/);
  const link = /Exeat-Request: (\S+)/.exec(denied.said)?.[1] ?? '';
  const page = await fetch(link);
  assert.equal(page.status, 200);
  const line = requestLineOf(await page.text());
  const decision = new URL(link).searchParams.get('decision') ?? '';
  assert.match(
    line,
    /^exeat exception request --service payments-api --to bank\.example:\d+ --for 8h --owner OWNER --reason 'WHY IT IS NEEDED' --decision [0-9A-Z]{26}$/,
  );
  assert.ok(line.endsWith(decision));

  // The two people of the first start, each by their own link.
  const ana = await claim('admin', 'ana');
  const ben = await claim('approver', 'ben');

  // The line of the page, filled in.
  const filled = line
    .replace('--for 8h', `--for ${lastsMs / 1_000}s`)
    .replace('OWNER', 'team-payments')
    .replace('WHY IT IS NEEDED', 'the new acquirer is tested');
  const asked = await sayLine(ana, filled);
  assert.deepEqual([asked.status, asked.requester, asked.decision], ['pending', 'ana', decision]);
  assert.match((await curl()).said, /HTTP\/1\.1 403/);
  const byHerself = await say(ana, 'exception', 'approve', asked.id);
  assert.deepEqual([byHerself.code, /token_cannot|scope_missing/.test(byHerself.stderr)], [5, true], byHerself.stderr);

  // Approved by somebody else: the same request passes at once.
  const approved = await json<ExceptionAnswer>(ben, 'exception', 'approve', asked.id, '--digest', asked.digest);
  assert.equal(approved.status, 'active');
  const startMs = Date.parse(approved.notBefore ?? '');
  const endMs = Date.parse(approved.notAfter ?? '');
  assert.equal(endMs - startMs, lastsMs);
  const passed = await curl();
  assert.match(passed.said, /the bank says hello/);
  const tunnel = await openEcho(authority);
  await tunnel.echo('still within its time');

  // Its time ends.
  const endedAt = await tunnel.ended;
  const lateMs = endedAt - (performance.now() + endMs - Date.now());
  assert.ok(lateMs < 1_000, `cut ${lateMs} ms after the end`);
  const next = await curl();
  assert.match(next.said, /HTTP\/1\.1 403/);
  assert.match(next.said, /Exeat-Reason: grant_expired/);
  const isMine = (record: DecisionRecord): boolean =>
    record.kind === 'verdict' && record.stage === 'recheck' && record.source === tunnel.source;
  const recheck = (await product.waitForRecord(isMine)) as VerdictRecord;
  // By the clock of the product, which does not follow the machine's when that is turned back.
  assert.ok(Date.parse(recheck.time) >= endMs, 'not before its end');
  assert.deepEqual([recheck.verdict, recheck.reason, recheck.grantId], ['deny', 'grant_expired', asked.id]);
  const close = await product.waitForRecord((record) => record.kind === 'close' && record.flow === recheck.flow);
  assert.equal(close.kind === 'close' && close.endedBy, 'grant_expired');

  // Closed by proof of the point, reviewed by somebody who had no hand in it.
  await waitFor(
    async () => (await get<ExceptionAnswer>(`/exceptions/${asked.id}`)).close === 'closed',
    'the proof that it is over',
    20_000,
  );
  const reviewed = await json<ExceptionAnswer>(
    cyn.secret,
    ...['exception', 'review', asked.id, '--outcome', 'should_be_permanent', '--note', 'write a rule'],
  );
  assert.deepEqual(
    [reviewed.status, reviewed.close, reviewed.reviewStatus, reviewed.review?.by],
    ['expired', 'closed', 'reviewed', 'cyn'],
  );

  // Who had what open: in force then, and not now.
  const then = await openAt(new Date(startMs + 1_000).toISOString());
  assert.deepEqual(
    then.map(({ to, owner, approvedBy, reason }) => ({ to, owner, approvedBy, reason })),
    [{ to: authority, owner: 'team-payments', approvedBy: ['ben'], reason: 'the new acquirer is tested' }],
  );
  assert.deepEqual(await openAt(null), []);

  // What it carried: curl and the tunnel.
  await waitFor(
    async () => (await get<UsageAnswer>(`/exceptions/${asked.id}/usage`)).bytesDown > 0,
    'the usage',
    15_000,
  );
  const usage = await json<UsageAnswer>(cyn.secret, 'exception', 'usage', asked.id);
  assert.equal(usage.connections, 2);
  assert.ok(usage.bytesUp > 0 && usage.bytesDown > 0, JSON.stringify(usage));

  // All of it stands in the log, and the log is whole.
  const acts = await get<Page<EntryAnswer>>(`/audit/entries?subject=exception/${asked.id}`);
  assert.deepEqual(
    acts.items.map(({ action }) => action).filter((action) => action !== 'exception.refused'),
    ['exception.reviewed', 'exception.closed', 'exception.granted', 'exception.decided', 'exception.submitted'],
  );
  const verified = await product.run('audit', 'verify', '-o', 'json');
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
});

async function claim(role: string, id: string): Promise<string> {
  const link = product.report.founding.find((one) => one.role === role)?.link ?? '';
  const file = join(folder, `${id}.token`);
  const env = { EXEAT_TOKEN_FILE: file };
  const claimed = await runExeat(['token', 'claim', link, '--id', id, '--name', `Person ${id}`, '--save'], { env });
  assert.equal(claimed.code, 0, claimed.stderr);
  return readFileSync(file, 'utf8').trim();
}

function say(token: string, ...args: readonly string[]): Promise<CommandEnd> {
  return runExeat([...args, '--config', product.configPath, '-o', 'json'], { env: { EXEAT_TOKEN: token } });
}

async function json<T>(token: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await say(token, ...args);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

/** What the API answers cyn: for what is asked again and again, where a command a time would take long. */
async function get<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${cyn.secret}` };
  return (await (await fetch(`http://${product.console}/api/v1${path}`, { headers })).json()) as T;
}

/** Runs a line of a page as a shell would take it apart. */
async function sayLine(token: string, line: string): Promise<ExceptionAnswer> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  assert.equal(words.shift(), 'exeat');
  return json(token, ...words);
}

function requestLineOf(html: string): string {
  const code = /<code>([^<]+)<\/code>/.exec(html)?.[1] ?? '';
  return code.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

/** What curl says of the request: heads of the proxy and of the origin, and the body. */
async function curl(): Promise<{ readonly said: string }> {
  const args = ['-sv', '--max-time', '20', '--cacert', caFile, '--proxy', product.proxyUrl('payments')];
  const ran = promisify(execFile)('curl', [...args, `https://bank.example:${origin.port}/`]);
  const { stdout, stderr } = await ran.catch((error: { stdout: string; stderr: string }) => error);
  return { said: `${stdout}${stderr}` };
}

async function openEcho(authority: string): Promise<OpenTunnel> {
  const caPem = readFileSync(caFile, 'utf8');
  const tunnel = await openTunnel({ port: product.proxyPort, authority, proof: proofOf(product, 'payments'), caPem });
  tunnel.socket.write('GET / HTTP/1.1\r\nHost: bank.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  return tunnel;
}

/** Grants that were in force at an instant, null for now. */
async function openAt(at: string | null): Promise<OpenAnswer['openings']> {
  const args = ['open', '--service', 'payments-api', ...(at === null ? [] : ['--at', at])];
  const { openings } = await json<OpenAnswer>(cyn.secret, ...args);
  return openings.filter(({ kind }) => kind === 'grant' || kind === 'exception');
}
