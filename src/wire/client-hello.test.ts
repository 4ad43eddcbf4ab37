import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, createServer as createTlsServer } from 'node:tls';
import fc from 'fast-check';
import { createAuthority } from '../../test/support/pki.ts';
import { type ClientHelloResult, parseClientHello } from './client-hello.ts';
import { createHelloRetryWatcher } from './hello-retry.ts';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

// A listener that takes the first flight of one client and hangs up.
async function capture(start: (port: number) => void): Promise<Uint8Array> {
  const taken = Promise.withResolvers<Uint8Array>();
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('error', taken.reject);
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      if (parseClientHello(bytes).kind === 'incomplete') return;
      taken.resolve(new Uint8Array(bytes));
      socket.destroy();
    });
  });
  start(await listen(server));
  const bytes = await taken.promise;
  server.close();
  return bytes;
}

// The client fails when the listener hangs up: that is how each capture ends.
function captureNode(options: ConnectionOptions): Promise<Uint8Array> {
  return capture((port) =>
    connectTls({ ...options, host: '127.0.0.1', port }).on('error', (error) => assert.ok(error)),
  );
}

function helloOf(result: ClientHelloResult) {
  assert.ok(result.kind === 'hello', JSON.stringify(result));
  return result.hello;
}

test('hellos of node:tls and openssl are read', async () => {
  const first = await captureNode({ servername: 'bank-gateway.example.com', ALPNProtocols: ['h2', 'http/1.1'] });
  const hello = helloOf(parseClientHello(first));
  assert.equal(hello.serverName, 'bank-gateway.example.com');
  assert.deepEqual([hello.alpn, hello.hasEch, hello.byteLength], [['h2', 'http/1.1'], false, first.length]);
  assert.ok(hello.supportedVersions.includes(0x0304));

  const old = helloOf(parseClientHello(await captureNode({ servername: 'a.example', maxVersion: 'TLSv1.2' })));
  assert.deepEqual([old.serverName, old.supportedVersions], ['a.example', []]);
  assert.equal(helloOf(parseClientHello(await captureNode({}))).serverName, null);

  const large = await captureNode({
    servername: 'a.example',
    ecdhCurve: 'X25519MLKEM768',
    ALPNProtocols: ['x'.repeat(250), 'y'.repeat(250)],
  });
  assert.ok(large.length > 1500);
  assert.equal(helloOf(parseClientHello(large)).serverName, 'a.example');

  const openssl = await capture((port) => {
    execFile('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'b.example'], {
      timeout: 4000,
    }).stdin?.end();
  });
  assert.equal(helloOf(parseClientHello(openssl)).serverName, 'b.example');
});

const number = (value: number, size: number): number[] =>
  Array.from({ length: size }, (_, index) => Math.floor(value / 256 ** (size - 1 - index)) % 256);
const vector = (size: number, bytes: readonly number[]): number[] => [...number(bytes.length, size), ...bytes];
const extension = (type: number, bytes: readonly number[]): number[] => [...number(type, 2), ...vector(2, bytes)];
const text = (value: string): number[] => [...Buffer.from(value, 'latin1')];
const serverName = (...names: string[]): number[] =>
  extension(
    0,
    vector(
      2,
      names.flatMap((name) => [0, ...vector(2, text(name))]),
    ),
  );
const record = (bytes: readonly number[], type = 22): number[] => [type, 3, 1, ...vector(2, bytes)];

function message(...extensions: number[][]): number[] {
  const body = [
    3,
    3,
    ...new Array<number>(32).fill(7),
    0,
    ...vector(2, [0x13, 1]),
    1,
    0,
    ...vector(2, extensions.flat()),
  ];
  return [1, ...vector(3, body)];
}

const parse = (bytes: readonly number[]) => parseClientHello(Uint8Array.from(bytes));

test('a hello with two readings, or none, is refused', () => {
  const good = message(serverName('a.example'));
  const rows: readonly (readonly [answer: string, what: string, bytes: readonly number[]])[] = [
    ['hello', 'good', record(good)],
    ['hello', 'two records', [...record(good.slice(0, 3)), ...record(good.slice(3))]],
    ['hello', 'followed by another flight', [...record(good), ...record([1], 20)]],
    ['incomplete', 'nothing', []],
    ['incomplete', 'one byte short', record(good).slice(0, -1)],
    ['not_tls', 'HTTP', text('GET / HTTP/1.1')],
    ['not_tls', 'SSLv2', [0x80, 0x2e, 1, 0, 2]],
    ['not_tls', 'SSLv2 version in a record', [22, 2, 0, 0, 5]],
    ['not_tls', 'record past its length', [22, 3, 1, 255, 255]],
    ['not_tls', 'an alert', record([2, 40], 21)],
    ['hello_malformed', 'a ServerHello', record([2, ...good.slice(1)])],
    ['sni_repeated', 'two names', record(message(serverName('a.example', 'b.example')))],
    ['sni_repeated', 'one name twice', record(message(serverName('a.example', 'a.example')))],
    ['sni_repeated', 'two server_name extensions', record(message(serverName('a.example'), serverName('b.example')))],
    ['sni_malformed', 'an empty name', record(message(serverName('')))],
    ['sni_malformed', 'an empty name after a good one', record(message(serverName('a.example', '')))],
    ['sni_malformed', 'an empty list', record(message(serverName()))],
    ['sni_malformed', 'an empty server_name extension', record(message(extension(0, [])))],
    ['sni_malformed', 'another type of name', record(message(extension(0, vector(2, [1, ...vector(2, text('a'))]))))],
    ['sni_malformed', 'a tail', record(message(extension(0, [...vector(2, [0, ...vector(2, text('a'))]), 0])))],
    ['hello_malformed', 'two names and a broken rest', record(message(serverName('a', 'b'), [0x99, 0x99, 0, 1]))],
    ['hello_malformed', 'a repeated unknown extension', record(message(extension(0x9999, []), extension(0x9999, [])))],
    ['hello_malformed', 'an extension past the end', record([1, ...vector(3, [...good.slice(4), 0])])],
    ['hello_malformed', 'more after the message', record([...good, 0])],
    ['hello_malformed', 'an empty record', [...record(good.slice(0, 3)), ...record([])]],
    [
      'hello_malformed',
      'another record between',
      [...record(good.slice(0, 3)), ...record([1], 20), ...record(good.slice(3))],
    ],
    ['hello_malformed', 'sixty-five records', good.slice(0, 65).flatMap((byte) => record([byte]))],
    ['hello_too_large', 'a message past 16 KiB', record([1, 0, 0x40, 0])],
  ];
  for (const [expected, what, bytes] of rows) {
    const result = parse(bytes);
    assert.equal(result.kind === 'fault' ? result.fault.code : result.kind, expected, what);
  }
});

test('encrypted hellos and their forerunner are seen, whatever they hold', () => {
  for (const type of [0xfe0d, 0xffce]) {
    const hello = helloOf(parse(record(message(serverName('front.example'), extension(type, [0, 1, 2])))));
    assert.deepEqual([hello.hasEch, hello.serverName], [true, 'front.example']);
  }
  assert.equal(helloOf(parse(record(message()))).hasEch, false);
});

test('any bytes are read without throwing, and splitting them changes no answer', () => {
  const flight = record(message(serverName('a.example'), extension(16, vector(2, vector(1, text('h2'))))));
  const mutated = fc.tuple(fc.nat(flight.length - 1), fc.nat(255)).map(([at, byte]) => flight.with(at, byte));
  const input = fc.oneof(
    mutated,
    fc.array(fc.nat(255), { maxLength: 80 }).map((tail) => [22, 3, 1, 0, 60, 1, 0, 0, 56, ...tail]),
  );
  fc.assert(
    fc.property(input, (bytes) => {
      const whole = parse(bytes);
      for (let end = 0; end <= bytes.length; end++) {
        const answer = parse(bytes.slice(0, end));
        if (answer.kind !== 'incomplete') return assert.equal(answer.kind, whole.kind);
      }
      return assert.equal(whole.kind, 'incomplete');
    }),
    { numRuns: 300 },
  );
});

// Joins a client and its origin, shows a watcher both sides, and tells the server name of the second hello.
function watchConversation(client: Socket, upstream: Socket, tell: (second: string) => void): void {
  const watcher = createHelloRetryWatcher();
  let sent = Buffer.alloc(0);
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    socket.on('error', (error) => other.destroy(error));
    socket.on('close', () => {
      tell('closed');
      other.destroy();
    });
  }
  upstream.on('data', (data) => {
    // Byte by byte: records and headers are put together across pieces.
    for (const byte of data) watcher.serverBytes(Uint8Array.of(byte));
    client.write(data);
  });
  client.on('data', (data) => {
    sent = Buffer.concat([sent, data]);
    const first = parseClientHello(sent);
    if (first.kind !== 'hello') return;
    if (first.hello.byteLength === sent.length) return void upstream.write(sent);
    const second = watcher.clientBytes(sent.subarray(first.hello.byteLength));
    if (second.kind !== 'incomplete')
      tell(second.kind === 'second_hello' ? `second ${second.hello.serverName}` : second.kind);
  });
}

test('a HelloRetryRequest of a real server is seen, and so is the second hello', async () => {
  const issued = await (await createAuthority('hello retry')).issueServer({ names: ['a.example'] });
  const origin = createTlsServer({
    cert: issued.chainPem,
    key: issued.keyPem,
    ecdhCurve: 'P-384',
    minVersion: 'TLSv1.3',
  });
  origin.on('tlsClientError', (error) => assert.ok(error));
  const originPort = await listen(origin);
  const told = Promise.withResolvers<string>();
  const relay = createServer((client) => watchConversation(client, connect(originPort, '127.0.0.1'), told.resolve));
  const port = await listen(relay);
  const client = connectTls({ host: '127.0.0.1', port, servername: 'a.example', ecdhCurve: 'X25519:P-384' });
  client.on('error', (error) => assert.ok(error));
  try {
    assert.equal(await told.promise, 'second a.example');
  } finally {
    client.destroy();
    relay.close();
    origin.close();
  }
});

const retryRandom = [...Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')];
const serverHello = (random: readonly number[]) => record([2, ...vector(3, [3, 3, ...random, 0, 0x13, 1, 0, 0, 0])]);

function watch(server: readonly number[], client: readonly number[], pieceBytes = 1000): string {
  const watcher = createHelloRetryWatcher();
  for (let at = 0; at < server.length; at += pieceBytes)
    watcher.serverBytes(Uint8Array.from(server.slice(at, at + pieceBytes)));
  const result = watcher.clientBytes(Uint8Array.from(client));
  return result.kind === 'second_hello' ? `second ${result.hello.serverName}` : result.kind;
}

test('client bytes pass only when no second hello can be among them', () => {
  const second = record(message(serverName('b.example')));
  const retry = serverHello(retryRandom);
  const rows: readonly (readonly [answer: string, server: readonly number[], client: readonly number[]])[] = [
    ['incomplete', [], second],
    ['incomplete', retry.slice(0, 40), second],
    ['second b.example', retry, second],
    ['second b.example', retry, [...record([1], 20), ...second]],
    ['second b.example', retry, [...record([9, 9, 9], 23), ...record([1], 20), ...second]],
    ['incomplete', retry, [...record([1], 20), ...second.slice(0, 20)]],
    ['fault', retry, text('GET / HTTP/1.1')],
    ['fault', retry, record([2, 0, 0, 0])],
    ['incomplete', retry, record([2, 40], 21)],
    ['second b.example', retry, [...record([1, 90], 21), ...second]],
    ['pass', serverHello(retryRandom.with(31, 0)), second],
    ['pass', text('SSH-2.0-x\r\n'), second],
    ['pass', record([9], 23), second],
    ['second b.example', [...record([1, 112], 21), ...retry], second],
    ['second b.example', [...record(retry.slice(5, 9)), ...record(retry.slice(9))], second],
    ['incomplete', [], [...record([9], 23), ...second]],
    ['incomplete', [], second.with(2, 5)],
    ['incomplete', [], [...record(new Array<number>(18_000).fill(9), 23), ...second]],
    ['second b.example', retry, second.with(2, 0xff)],
    ['fault', [], Array.from({ length: 5 }, () => record(new Array<number>(16_000).fill(9), 23)).flat()],
    ['pass', [], text('GET / HTTP/1.1\r\n\r\n')],
    ['pass', [], [...record([9], 23), ...text('no record')]],
  ];
  for (const [answer, server, client] of rows) {
    assert.equal(watch(server, client), answer);
    assert.equal(watch(server, client, 1), answer);
  }
});

test('a watcher takes any bytes in any pieces without throwing', () => {
  const bytes = fc.array(fc.nat(255), { maxLength: 60 });
  const server = fc.oneof(
    bytes,
    bytes.map((tail) => [...serverHello(retryRandom), ...tail]),
    bytes.map((tail) => [22, 3, 3, 0, ...tail]),
  );
  fc.assert(
    fc.property(server, bytes, fc.integer({ min: 1, max: 9 }), (sent, held, size) => {
      assert.equal(watch(sent, [22, 3, 3, ...held], size), watch(sent, [22, 3, 3, ...held]));
    }),
  );
});
