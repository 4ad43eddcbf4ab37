import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { waitFor } from '../support/product.ts';
import { connectHead, exchangeRaw, openRaw, type RawClient } from '../support/raw-client.ts';
import { type AttackBed, openAttackBed } from './attack-bed.ts';

let bed: AttackBed;
before(async () => {
  bed = await openAttackBed({ limits: { headTimeout: '1s', perPrincipal: 20 } });
});
after(() => bed.close());

describe('slow heads', () => {
  test('a head that drips in is cut when its time is over', async () => {
    const client = await openRaw(bed.port);
    const began = performance.now();
    client.send('CONNECT allowed.example:443 HTTP/1.1\r\n');
    const drip = setInterval(() => client.send('X'), 200);
    await client.readToEnd(5000);
    clearInterval(drip);
    client.close();
    assert.ok(performance.now() - began < 3500);
  });

  test('a connection that says nothing is cut as well', async () => {
    const client = await openRaw(bed.port);
    await client.readToEnd(5000);
    client.close();
  });

  test('a client that was asked for a proof and stays silent is cut as well', async () => {
    const client = await openRaw(bed.port);
    client.send(connectHead(bed.authority('allowed.example'), { proof: 'Basic bm9ib2R5Om5vdGhpbmc=' }));
    assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 407 /);
    await client.readToEnd(5000);
    client.close();
  });

  test('a SOCKS5 greeting that never ends is cut', async () => {
    const client = await openRaw(bed.port);
    client.send(Buffer.from([5, 200]));
    await client.readToEnd(5000);
    client.close();
  });
});

describe('header floods', () => {
  for (const [what, more] of [
    ['one field of 20 KiB', `X: ${'a'.repeat(20_000)}\r\n`],
    ['ten thousand fields', 'X: a\r\n'.repeat(10_000)],
    ['a head without an end', 'a'.repeat(40_000)],
  ] as const) {
    test(`${what} is 400 and closes`, async () => {
      const client = await openRaw(bed.port);
      client.send(connectHead(bed.authority('allowed.example'), { proof: bed.proof, more }));
      const { text } = await client.readToEnd();
      client.close();
      assert.match(text, /^(HTTP\/1\.1 (400|431) |$)/);
    });
  }
});

describe('connection caps', () => {
  test('the connections of one principal past its cap get 503 connection_limit, and the others go on', async () => {
    const held = await Promise.all(Array.from({ length: 20 }, () => openRaw(bed.port)));
    for (const client of held) {
      client.send(connectHead(bed.tcpAuthority('raw.example'), { proof: bed.proof }));
      assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    }
    const over = await openRaw(bed.port);
    over.send(connectHead(bed.tcpAuthority('raw.example'), { proof: bed.proof }));
    assert.match(await over.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 503 .*Exeat-Reason: connection_limit/is);
    const other = await openRaw(bed.port);
    other.send(connectHead(bed.authority('other.example'), { proof: bed.otherProof }));
    assert.match(await other.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    for (const client of [...held, over, other]) client.close();
  });

  test('idle connections of one principal count as well', async () => {
    const refused = async (): Promise<{ client: RawClient; head: string }> => {
      const client = await openRaw(bed.port);
      client.send(connectHead('nowhere.example:443', { proof: bed.otherProof }));
      return { client, head: await client.readUntil(/\r\n\r\n/) };
    };
    const held = [];
    for (let i = 0; i < 20; i += 1) held.push(await refused());
    assert.ok(held.every(({ head }) => head.startsWith('HTTP/1.1 403 ')));
    const over = await refused();
    assert.match(over.head, /^HTTP\/1\.1 503 .*Exeat-Reason: connection_limit/is);
    for (const { client } of [...held, over]) client.close();
    await bed.until(async () => {
      const again = await refused();
      again.client.close();
      return again.head.startsWith('HTTP/1.1 403 ');
    });
  });
});

describe('slots held without a proof', () => {
  let narrow: AttackBed;
  before(async () => {
    narrow = await openAttackBed({ limits: { headTimeout: '5s', unprovenPerSource: 10 } });
  });
  after(() => narrow?.close());

  test('a source gets no more than its share of connections that have proven nothing, and those that proved themselves stay', async () => {
    const proven = await openRaw(narrow.port);
    proven.send(connectHead(narrow.tcpAuthority('raw.example'), { proof: narrow.proof }));
    assert.match(await proven.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    const silent = await Promise.all(Array.from({ length: 10 }, () => openRaw(narrow.port)));
    const over = await openRaw(narrow.port);
    assert.equal((await over.readToEnd(2000)).text, '');
    over.close();
    proven.send('still here');
    assert.equal(proven.socket.destroyed, false);
    for (const client of silent) client.close();
    const again = async (): Promise<boolean> => {
      const head = await exchangeRaw(
        narrow.port,
        connectHead(narrow.tcpAuthority('raw.example'), { proof: narrow.proof }),
      );
      return head.startsWith('HTTP/1.1 200 ');
    };
    await waitFor(() => again().catch(() => false), 'a place once the silent ones are gone');
    proven.close();
  });
});
