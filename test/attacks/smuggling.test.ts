import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectHead, openRaw } from '../support/raw-client.ts';
import { type AttackBed, openAttackBed } from './attack-bed.ts';

let bed: AttackBed;
before(async () => {
  bed = await openAttackBed();
});
after(() => bed.close());

/** A plain request through the proxy; `fields` are raw lines with their ends. */
function forwardHead(fields: string, method = 'POST', path = '/'): string {
  const authority = bed.httpAuthority('plain.example');
  return `${method} http://${authority}${path} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${bed.proof}\r\n${fields}\r\n`;
}

const inner = 'GET /smuggled HTTP/1.1\r\nHost: evil.example\r\n\r\n';

/** Each: what is sent (after the good first line and Host) and why two parsers could differ on it. */
const ambiguous: readonly { readonly attack: string; readonly fields: string; readonly body?: string }[] = [
  {
    attack: 'TE and CL together',
    fields: 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n',
    body: `0\r\n\r\n${inner}`,
  },
  {
    attack: 'CL and TE together',
    fields: 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
    body: `0\r\n\r\n${inner}`,
  },
  { attack: 'two lengths that differ', fields: 'Content-Length: 0\r\nContent-Length: 44\r\n', body: inner },
  { attack: 'a list of lengths', fields: 'Content-Length: 0, 44\r\n', body: inner },
  { attack: 'a length with a sign', fields: 'Content-Length: +0\r\n', body: inner },
  { attack: 'a length in hexadecimal', fields: 'Content-Length: 0x10\r\n', body: inner },
  {
    attack: 'an encoding that ends in chunked by chance',
    fields: 'Transfer-Encoding: xchunked\r\n',
    body: `0\r\n\r\n${inner}`,
  },
  { attack: 'identity and chunked', fields: 'Transfer-Encoding: identity, chunked\r\n', body: `0\r\n\r\n${inner}` },
  {
    attack: 'chunked twice',
    fields: 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    body: `0\r\n\r\n${inner}`,
  },
  { attack: 'obs-fold', fields: 'X: a\r\n Transfer-Encoding: chunked\r\n', body: inner },
  { attack: 'a space before the colon', fields: 'Transfer-Encoding : chunked\r\n', body: `0\r\n\r\n${inner}` },
  { attack: 'bare LF', fields: 'X: a\nContent-Length: 44\r\n', body: inner },
  { attack: 'bare CR', fields: 'X: a\rContent-Length: 44\r\n', body: inner },
  { attack: 'a NUL in a value', fields: 'X: a\0b\r\n' },
  { attack: 'a vertical tab in the encoding', fields: 'Transfer-Encoding: \x0bchunked\r\n', body: `0\r\n\r\n${inner}` },
  { attack: 'two Hosts', fields: 'Host: evil.example\r\n' },
  { attack: 'an empty name', fields: ': a\r\n' },
];

describe('request smuggling', () => {
  for (const { attack, fields, body } of ambiguous) {
    test(`${attack} is 400, the connection closes and the origin sees nothing`, async () => {
      const before = bed.http.requests().length;
      const client = await openRaw(bed.port);
      client.send(forwardHead(fields) + (body ?? ''));
      const { text } = await client.readToEnd();
      client.close();
      assert.match(text, /^HTTP\/1\.1 400 /);
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, 'one answer only');
      assert.equal(bed.http.requests().length, before);
    });
  }

  test('a chunk size with rubbish ends the exchange and no second request gets through', async () => {
    const client = await openRaw(bed.port);
    client.send(`${forwardHead('Transfer-Encoding: chunked\r\n')}zz\r\nabc\r\n0\r\n\r\n${inner}`);
    const { text } = await client.readToEnd();
    client.close();
    assert.doesNotMatch(text, /smuggled/);
    assert.ok(!bed.http.requests().some((request) => request.path === '/smuggled'));
  });

  test('every request on a kept-alive connection is judged: a second one elsewhere is denied', async () => {
    const client = await openRaw(bed.port);
    client.send(forwardHead('', 'GET', '/one'));
    assert.match(await client.readUntil(/path=\/one/), /^HTTP\/1\.1 200 /);
    client.send(
      `GET http://evil.example/two HTTP/1.1\r\nHost: evil.example\r\nProxy-Authorization: ${bed.proof}\r\n\r\n`,
    );
    assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 403 .*Exeat-Reason: no_rule_matched/is);
    client.close();
  });

  test('a Host that differs from the absolute form is refused', async () => {
    const client = await openRaw(bed.port);
    const authority = bed.httpAuthority('plain.example');
    client.send(`GET http://${authority}/ HTTP/1.1\r\nHost: evil.example\r\nProxy-Authorization: ${bed.proof}\r\n\r\n`);
    const text = await client.readUntil(/\r\n\r\n/);
    client.close();
    assert.match(text, /^HTTP\/1\.1 403 .*Exeat-Reason: host_mismatch/is);
  });

  test('two CONNECTs on one connection: the second is bytes of the first tunnel, not a request', async () => {
    const client = await openRaw(bed.port);
    client.send(connectHead(bed.authority('allowed.example'), { proof: bed.proof }));
    await client.readUntil(/\r\n\r\n/);
    client.send(connectHead('evil.example:443', { proof: bed.proof }));
    const { text } = await client.readToEnd();
    client.close();
    assert.doesNotMatch(text, /HTTP\/1\.1/);
  });

  test('bytes sent with the CONNECT head before the answer are judged as first bytes', async () => {
    const seen = bed.tls.bytesIn();
    const client = await openRaw(bed.port);
    client.send(`${connectHead(bed.authority('allowed.example'), { proof: bed.proof })}GET / HTTP/1.1\r\n\r\n`);
    await client.readToEnd();
    client.close();
    assert.equal(bed.tls.bytesIn(), seen);
  });

  test('an h2c upgrade is stripped: the origin sees no Upgrade, the client no 101', async () => {
    const client = await openRaw(bed.port);
    client.send(
      forwardHead(
        'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
        'GET',
        '/h2c',
      ),
    );
    const text = await client.readUntil(/path=\/h2c/);
    client.close();
    assert.match(text, /^HTTP\/1\.1 200 /);
    const request = bed.http.requests().find((one) => one.path === '/h2c');
    assert.equal(request?.headers['upgrade'], undefined);
    assert.equal(request?.headers['http2-settings'], undefined);
  });

  test('an HTTP/2 preface on the proxy port is refused', async () => {
    const client = await openRaw(bed.port);
    client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const { text } = await client.readToEnd();
    client.close();
    assert.match(text, /^HTTP\/1\.1 400 /);
  });
});

describe('inner requests of an http tunnel', () => {
  test('an inner Host that differs from the destination is refused', async () => {
    const client = await openRaw(bed.port);
    client.send(connectHead(bed.httpAuthority('plain.example'), { proof: bed.proof }));
    await client.readUntil(/\r\n\r\n/);
    client.send('GET /inner HTTP/1.1\r\nHost: evil.example\r\n\r\n');
    const { text } = await client.readToEnd();
    client.close();
    assert.doesNotMatch(text, /path=\/inner/);
    assert.ok(!bed.http.requests().some((request) => request.path === '/inner'));
    const record = await bed.record((row) => row.kind === 'verdict' && row.reason === 'host_mismatch');
    assert.equal(record.kind, 'verdict');
  });

  test('an inner request without Host reaches the origin with the Host that was judged', async () => {
    const authority = bed.httpAuthority('plain.example');
    const client = await openRaw(bed.port);
    client.send(connectHead(authority, { proof: bed.proof }));
    await client.readUntil(/\r\n\r\n/);
    client.send('GET /hostless HTTP/1.0\r\n\r\n');
    await client.readUntil(/path=\/hostless/);
    client.close();
    const request = bed.http.requests().find((one) => one.path === '/hostless');
    assert.equal(request?.headers['host'], authority);
  });

  test('the second inner request is judged as well as the first', async () => {
    const authority = bed.httpAuthority('plain.example');
    const client = await openRaw(bed.port);
    client.send(connectHead(authority, { proof: bed.proof }));
    await client.readUntil(/\r\n\r\n/);
    client.send(`GET /first HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    await client.readUntil(/path=\/first/);
    client.send('GET /second HTTP/1.1\r\nHost: evil.example\r\n\r\n');
    await client.readToEnd();
    client.close();
    assert.ok(!bed.http.requests().some((request) => request.path === '/second'));
  });
});
