import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ClientRates } from './client-rates.ts';
import { canonicalPeer, clientKey } from './peer-address.ts';

const limits = { questionsPerSecond: 10, questionBurst: 5, maxClients: 3 };

function takeAll(rates: ClientRates, address: string, nowMs: number): number {
  let count = 0;
  while (rates.take(rates.find(address, nowMs), nowMs)) count += 1;
  return count;
}

test('a client has its burst, then its rate, and never more than its burst', () => {
  const rates = new ClientRates(limits);
  assert.equal(takeAll(rates, '192.0.2.1', 0), 5);
  assert.equal(takeAll(rates, '192.0.2.1', 250), 2);
  assert.equal(takeAll(rates, '192.0.2.1', 300), 1);
  assert.equal(takeAll(rates, '192.0.2.1', 60_000), 5);
});

test('a clock that is set back neither gives nor takes', () => {
  const rates = new ClientRates(limits);
  assert.equal(takeAll(rates, '192.0.2.1', 10_000), 5);
  assert.equal(takeAll(rates, '192.0.2.1', 0), 0);
  assert.equal(takeAll(rates, '192.0.2.1', 200), 2);
});

test('the client seen longest ago is forgotten, and nobody else', () => {
  const rates = new ClientRates(limits);
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.1', '192.0.2.4']) takeAll(rates, address, 0);
  assert.equal(rates.size, 3);
  assert.equal(takeAll(rates, '192.0.2.1', 0), 0);
  assert.equal(takeAll(rates, '192.0.2.3', 0), 0);
  assert.equal(takeAll(rates, '192.0.2.2', 0), 5);
});

test('the order of being seen agrees with a list that is kept the plain way', () => {
  const steps = fc.array(fc.nat(6), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (clients) => {
      const rates = new ClientRates(limits);
      const model: number[] = [];
      for (const client of clients) {
        const at = model.indexOf(client);
        if (at >= 0) model.splice(at, 1);
        model.push(client);
        if (model.length > limits.maxClients) model.shift();
        const share = rates.find(`192.0.2.${client}`, 0);
        assert.equal(share.tokens === 5, at < 0);
        rates.take(share, 0);
        share.tokens = 0;
      }
      assert.equal(rates.size, model.length);
    }),
  );
});

test('an IPv6 /56 is one client, IPv4 addresses are one each', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['2001:db8::1', '2001:db8:0:ff:ffff::', true],
    ['2001:db8::1', '2001:db8:0:100::1', false],
    ['2001:db8:1::1', '2001:db8:2::1', false],
    ['::1', '::2', true],
    ['192.0.2.1', '192.0.2.2', false],
  ];
  for (const [a, b, isSame] of rows) assert.equal(clientKey(a) === clientKey(b), isSame, `${a} and ${b}`);
});

test('the address of a peer is canonical, without a zone, and IPv4 where it is mapped', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::192.0.2.1', '::c000:201'],
  ];
  for (const [text, expected] of rows) assert.equal(canonicalPeer(text), expected);
});
