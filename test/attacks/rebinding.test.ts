import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { appPolicy } from '../support/app-policy.ts';
import { type CountingOrigin, startCountingOrigin } from '../support/attack-origins.ts';
import {
  type AskedQuestion,
  address,
  type ScriptedAnswer,
  startDnsServer,
  type TestDnsServer,
} from '../support/dns-server.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { basicProof, connectHead, exchangeRaw, openRaw } from '../support/raw-client.ts';

let dns: TestDnsServer;
let origin: CountingOrigin;
let victim: CountingOrigin;
let product: RunningProduct;

before(async () => {
  dns = await startDnsServer();
  dns.script = answerOf;
  origin = await startCountingOrigin();
  victim = await startCountingOrigin();
  product = await startProduct({
    policy: { 'rebinding.yaml': policy(origin.port, victim.port) },
    credentials: ['app'],
    config: { resolver: { servers: [dns.server] }, localOrigins: [`127.0.0.1:${origin.port}`] },
  });
});
after(async () => {
  await product?.stop();
  await Promise.all([dns?.close(), origin?.close(), victim?.close()]);
});

function head(authority: string): string {
  return connectHead(authority, { proof: basicProof('app', product.secretOf('app')) });
}

function asked(name: string): number {
  return dns.asked.filter((question) => question.name === name).length;
}

/** Names whose answers change between the first question and the next, and names that point where they must not. */
const scripts: Readonly<Record<string, (count: number) => string>> = {
  'flip.example': (count) => (count === 1 ? '127.0.0.1' : '10.0.0.1'),
  'later.example': (count) => (count === 1 ? '127.0.0.1' : '192.168.7.7'),
  'port.example': () => '127.0.0.1',
  'meta.example': () => '169.254.169.254',
  'v6.example': () => '64:ff9b::7f00:1',
};

function answerOf({ name, type, count }: AskedQuestion): ScriptedAnswer {
  const data = scripts[name]?.(count);
  if (data === undefined) return { rcode: 'NXDOMAIN' };
  const isAsked = type === (data.includes(':') ? 'AAAA' : 'A');
  return { answers: isAsked ? [address(name, data, 1)] : [] };
}

describe('rebinding', () => {
  test('a name that flips between two questions is asked once, and the approved answer is the one dialled', async () => {
    const client = await openRaw(product.proxyPort);
    client.send(head(`flip.example:${origin.port}`));
    assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    client.close();
    assert.equal(dns.asked.filter(({ name, type }) => name === 'flip.example' && type === 'A').length, 1);
    assert.equal(victim.connections(), 0);
  });

  test('a name that later points inside is refused then, with address_forbidden and no dial', async () => {
    assert.match(await exchangeRaw(product.proxyPort, head(`later.example:${origin.port}`)), /^HTTP\/1\.1 200 /);
    // The resolver never keeps an answer past its TTL and a floor; after that the flipped answer is judged afresh.
    const deadline = performance.now() + 15_000;
    let answer = '';
    while (performance.now() < deadline && !answer.startsWith('HTTP/1.1 403')) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      answer = await exchangeRaw(product.proxyPort, head(`later.example:${origin.port}`));
    }
    assert.match(answer, /^HTTP\/1\.1 403 .*Exeat-Reason: address_forbidden/is);
  });

  test('the loopback address of a local origin on another port is refused', async () => {
    const answer = await exchangeRaw(product.proxyPort, head(`port.example:${victim.port}`));
    assert.match(answer, /^HTTP\/1\.1 403 .*Exeat-Reason: address_forbidden/is);
    assert.equal(victim.connections(), 0);
  });

  test('metadata behind an allowed name is refused', async () => {
    const answer = await exchangeRaw(product.proxyPort, head(`meta.example:${origin.port}`));
    assert.match(answer, /^HTTP\/1\.1 403 .*Exeat-Reason: address_forbidden/is);
  });

  test('an embedded inner address in an AAAA answer is refused', async () => {
    const answer = await exchangeRaw(product.proxyPort, head(`v6.example:${origin.port}`));
    assert.match(answer, /^HTTP\/1\.1 (403|502) /);
    assert.equal(victim.connections(), 0);
  });
});

test('INVARIANT: a denied name causes no query and no packet', async () => {
  const answer = await exchangeRaw(product.proxyPort, head('secret-data.denied.example:443'));
  assert.match(answer, /^HTTP\/1\.1 403 .*Exeat-Reason: no_rule_matched/is);
  assert.equal(asked('secret-data.denied.example'), 0);
});

function policy(originPort: number, victimPort: number): string {
  const names = ['flip', 'later', 'meta', 'v6'].map(
    (name) => [`tcp://${name}.example:${originPort}`, 'rebinding test of this name'] as const,
  );
  return appPolicy([...names, [`tcp://port.example:${victimPort}`, 'rebinding test of a port']]);
}
