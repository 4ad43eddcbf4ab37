import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { basicProof, connectHead, exchangeRaw, openRaw } from '../support/raw-client.ts';
import { type AttackBed, openAttackBed } from './attack-bed.ts';

let bed: AttackBed;
before(async () => {
  bed = await openAttackBed();
});
after(() => bed.close());

describe('credential leakage upstream', () => {
  test('Proxy-Authorization and other Proxy fields never reach the origin', async () => {
    const authority = bed.httpAuthority('plain.example');
    const client = await openRaw(bed.port);
    client.send(
      `GET http://${authority}/leak HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${bed.proof}\r\n` +
        'Proxy-Connection: keep-alive\r\nConnection: X-Secret\r\nX-Secret: 1\r\nAuthorization: Bearer mine\r\n\r\n',
    );
    await client.readUntil(/path=\/leak/);
    client.close();
    const request = bed.http.requests().find((one) => one.path === '/leak');
    const names = Object.keys(request?.headers ?? {});
    assert.ok(names.includes('authorization'), 'the client speaks to the origin undisturbed');
    for (const name of ['proxy-authorization', 'proxy-connection', 'x-secret']) assert.ok(!names.includes(name), name);
    assert.ok(!JSON.stringify(request).includes(bed.secret));
  });

  test("an origin's 407 becomes 502, and its Exeat and Proxy fields are removed", async () => {
    const authority = bed.httpAuthority('plain.example');
    const client = await openRaw(bed.port);
    client.send(
      `GET http://${authority}/challenge HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${bed.proof}\r\n\r\n`,
    );
    const text = await client.readUntil(/\r\n\r\n/);
    client.close();
    assert.match(text, /^HTTP\/1\.1 502 /);
    assert.doesNotMatch(text, /Proxy-Authenticate|forged/i);
  });
});

describe('reason and address leakage to the refused side', () => {
  test('a denial shows its id and code, and no rule text, address or policy version', async () => {
    const client = await openRaw(bed.port);
    client.send(connectHead('forbidden.example:443', { proof: bed.proof }));
    const { text } = await client.readToEnd(3000).catch(async () => ({ text: await client.readUntil(/\r\n\r\n/) }));
    client.close();
    assert.match(text, /^HTTP\/1\.1 403 /);
    assert.match(text, /\r\nExeat-Decision: [0-9A-HJKMNP-TV-Z]{26}\r\n/i);
    assert.doesNotMatch(text, /127\.0\.0\.1:\d|sha256|team-|top secret reason|allow\/|deny\//);
  });

  test('a name that resolves to inner addresses is refused without naming them', async () => {
    const head = await exchangeRaw(bed.port, connectHead('inner.example:443', { proof: bed.wideProof }));
    assert.match(head, /^HTTP\/1\.1 403 .*Exeat-Reason: address_forbidden/is);
    assert.doesNotMatch(head, /10\.9\.8\.7/);
  });

  test('a failed upstream is 502 without the cause', async () => {
    const head = await exchangeRaw(bed.port, connectHead('unresolved.example:443', { proof: bed.wideProof }));
    assert.match(head, /^HTTP\/1\.1 502 /);
    assert.doesNotMatch(head, /ENOTFOUND|NXDOMAIN|ECONN|127\.0\.0\.1/);
  });
});

describe('log injection', () => {
  test('bytes of a request never make a line of their own in records or the log', async () => {
    await exchangeRaw(bed.port, connectHead('x\u001b[31m{"kind":"verdict"}:443', { proof: bed.proof })).catch(() => '');
    await exchangeRaw(bed.port, connectHead('y:443', { proof: basicProof('app\n{"forged":true}', 'x') })).catch(
      () => '',
    );
    const authority = bed.httpAuthority('plain.example');
    await exchangeRaw(
      bed.port,
      `GET http://${authority}/%0a{"forged":true} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${bed.proof}\r\n\r\n`,
    );
    for (const line of await bed.recordLines()) {
      assert.doesNotThrow(() => JSON.parse(line));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f]/);
    }
    for (const line of bed.log().split('\n').filter(Boolean)) assert.doesNotMatch(line, /^\{"forged"/);
  });

  test('no secret stands in the log or in the records', async () => {
    const everything = `${(await bed.recordLines()).join('\n')}\n${bed.log()}`;
    assert.ok(!everything.includes(bed.secret));
    assert.ok(!everything.includes(Buffer.from(`app:${bed.secret}`).toString('base64')));
  });
});

describe('proxy loops', () => {
  test('CONNECT to the proxy itself by address and by name is refused', async () => {
    const byAddress = await exchangeRaw(bed.port, connectHead(`127.0.0.1:${bed.port}`, { proof: bed.wideProof }));
    assert.match(byAddress, /^HTTP\/1\.1 403 /);
    const byName = await exchangeRaw(bed.port, connectHead(`self.example:${bed.port}`, { proof: bed.wideProof }));
    assert.match(byName, /^HTTP\/1\.1 403 .*Exeat-Reason: (address_forbidden|proxy_loop)/is);
  });

  test('a plain request for the proxy itself is refused', async () => {
    const authority = `127.0.0.1:${bed.port}`;
    const head = await exchangeRaw(
      bed.port,
      `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${bed.wideProof}\r\n\r\n`,
    );
    assert.match(head, /^HTTP\/1\.1 403 /);
  });
});
