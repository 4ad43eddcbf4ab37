import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { type DecodedPacket, decode, encode, type Packet, streamEncode } from 'dns-packet';
import { createAuthority } from './pki.ts';
import { type StubAuthority, startStubAuthority } from './stub-authority.ts';

const deadlineMs = 5_000;
const closing: (() => Promise<void>)[] = [];

after(async () => {
  for (const close of closing) await close();
});

test('addresses are given by type, with the time to live of the row, and a name in no row is no name', async () => {
  const { resolver, stub } = await setUp({
    'api.example.com': { does: 'addresses', addresses: ['192.0.2.1', '2001:db8::1'], ttlSeconds: 7 },
    'api.example.com TXT': { does: 'big', bytes: 300 },
  });
  assert.deepEqual(await resolver.resolve4('API.example.com', { ttl: true }), [{ address: '192.0.2.1', ttl: 7 }]);
  assert.deepEqual(await resolver.resolve6('api.example.com'), ['2001:db8::1']);
  assert.deepEqual(
    (await resolver.resolveTxt('api.example.com')).map((parts) => parts.join('').length),
    [300],
  );
  await assert.rejects(resolver.resolveMx('api.example.com'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('other.example.com'), { code: 'ENOTFOUND' });
  const [first] = stub.asked('api.EXAMPLE.com');
  assert.deepEqual([first?.name, first?.type, first?.via], ['api.example.com', 'A', 'udp']);
  assert.equal(stub.asked('api.example.com').length, 4);
  assert.equal(stub.asked('never.example.com').length, 0);
  assert.equal(stub.asked().length, 5);
});

test('a flipping name gives its addresses in turn, and a rebinding one changes its mind', async () => {
  const { resolver } = await setUp({
    'flip.example.com': { does: 'flip', addresses: ['192.0.2.1', '192.0.2.2'] },
    'rebind.example.com': { does: 'rebind', to: 'metadata', first: '192.0.2.3' },
    'inside.example.com': { does: 'rebind', to: 'mapped' },
  });
  const turns = [];
  for (let turn = 0; turn < 3; turn += 1) turns.push(...(await resolver.resolve4('flip.example.com')));
  assert.deepEqual(turns, ['192.0.2.1', '192.0.2.2', '192.0.2.1']);
  assert.deepEqual(await resolver.resolve4('rebind.example.com'), ['192.0.2.3']);
  assert.deepEqual(await resolver.resolve4('rebind.example.com'), ['169.254.169.254']);
  assert.deepEqual(await resolver.resolve6('inside.example.com'), ['::ffff:10.0.0.7']);
});

test('chains, DNAME, loops and two aliases are written as they are meant', async () => {
  const { stub, resolver } = await setUp({
    'chain.example.com': { does: 'chain', links: 3, addresses: ['192.0.2.1'] },
    'alias.example.com': { does: 'alias', target: 'elsewhere.example.net' },
    'moved.example.com': { does: 'dname', target: 'new.example.net', addresses: ['192.0.2.2'] },
    'loop.example.com': { does: 'loop', links: 2 },
    'self.example.com': { does: 'loop', links: 1 },
    'two.example.com': {
      does: 'two_aliases',
      targets: ['a.example.net', 'b.example.net'],
      addresses: ['192.0.2.3'],
    },
    '*.wild.example.com': { does: 'addresses', addresses: ['192.0.2.4'] },
  });
  assert.deepEqual(await resolver.resolve4('chain.example.com'), ['192.0.2.1']);
  assert.deepEqual(await resolver.resolve4('a.b.moved.example.com'), ['192.0.2.2']);
  assert.deepEqual(await resolver.resolve4('x.wild.example.com'), ['192.0.2.4']);
  const rows: readonly [string, readonly string[]][] = [
    ['alias.example.com', ['alias.example.com CNAME elsewhere.example.net']],
    ['x.moved.example.com', ['moved.example.com DNAME new.example.net', 'x.moved.example.com CNAME x.new.example.net']],
    [
      'loop.example.com',
      ['loop.example.com CNAME link-1.loop.example.com', 'link-1.loop.example.com CNAME loop.example.com'],
    ],
    ['self.example.com', ['self.example.com CNAME self.example.com']],
    ['two.example.com', ['two.example.com CNAME a.example.net', 'two.example.com CNAME b.example.net']],
  ];
  for (const [name, expected] of rows) {
    const packet = decode(await exchange(stub.port, query({ name })));
    const aliases = packet.answers?.filter(({ type }) => type === 'CNAME' || type === 'DNAME') ?? [];
    assert.deepEqual(
      aliases.map((record) => `${record.name} ${record.type} ${'data' in record ? record.data : ''}`),
      expected,
    );
  }
});

test('what is too long for UDP, or told to be, comes whole over TCP', async () => {
  const { stub, resolver } = await setUp({
    'short.example.com': { does: 'addresses', addresses: ['192.0.2.1'], isTruncated: true },
    'many.example.com': { does: 'many', count: 700 },
    'big.example.com': { does: 'big', bytes: 40_000 },
  });
  const cut = decode(await exchange(stub.port, query({ name: 'short.example.com' })));
  assert.deepEqual([cut.flag_tc, cut.answers?.length], [true, 0]);
  assert.deepEqual(await resolver.resolve4('short.example.com'), ['192.0.2.1']);
  assert.equal(new Set(await resolver.resolve4('many.example.com')).size, 700);
  assert.equal((await resolver.resolveTxt('big.example.com'))[0]?.join('').length, 40_000);
  assert.deepEqual(
    stub.asked('big.example.com').map(({ via }) => via),
    ['udp', 'tcp'],
  );
});

test('several questions on one connection are answered, over TCP and over TLS, whole or in pieces', async () => {
  const authority = await createAuthority('Stub authority');
  const tls = await authority.issueServer({ names: ['dns.example'], addresses: ['127.0.0.1'] });
  const stub = await startStubAuthority(
    { 'api.example.com': { does: 'addresses', addresses: ['192.0.2.1'] } },
    { tls },
  );
  closing.push(() => stub.close());
  const sockets = [
    connectTcp(stub.port, '127.0.0.1'),
    connectTls({ port: stub.tlsPort, host: '127.0.0.1', ca: authority.certificatePem, servername: 'dns.example' }),
  ];
  for (const socket of sockets) {
    const both = Buffer.concat([7, 8].map((id) => streamEncode({ ...packetOf({ name: 'api.example.com' }), id })));
    socket.write(both.subarray(0, 5));
    socket.write(both.subarray(5));
    assert.deepEqual(
      (await readFrames(socket, 2)).map((bytes) => decode(bytes).id),
      [7, 8],
    );
    socket.destroy();
  }
  assert.deepEqual(
    stub.asked().map(({ via }) => via),
    ['tcp', 'tcp', 'tls', 'tls'],
  );
});

test('delay, silence and response codes', async () => {
  const { stub, resolver } = await setUp({
    'slow.example.com': { does: 'addresses', addresses: ['192.0.2.1'], delayMs: 120 },
    'mute.example.com': { does: 'silence' },
    'fail.example.com': { does: 'rcode', rcode: 'SERVFAIL' },
    'refuse.example.com': { does: 'rcode', rcode: 'REFUSED' },
    'none.example.com': { does: 'rcode', rcode: 'NXDOMAIN', ttlSeconds: 11 },
  });
  const before = performance.now();
  assert.deepEqual(await resolver.resolve4('slow.example.com'), ['192.0.2.1']);
  assert.ok(performance.now() - before > 100);
  await assert.rejects(resolver.resolve4('mute.example.com'), { code: 'ETIMEOUT' });
  await assert.rejects(resolver.resolve4('fail.example.com'), { code: 'ESERVFAIL' });
  await assert.rejects(resolver.resolve4('refuse.example.com'), { code: 'EREFUSED' });
  const none = decode(await exchange(stub.port, query({ name: 'none.example.com' })));
  const [soa] = none.authorities ?? [];
  assert.ok(soa?.type === 'SOA');
  assert.deepEqual(
    [(none as DecodedPacket & { rcode: string }).rcode, soa.name, soa.data.minimum],
    ['NXDOMAIN', 'example.com', 11],
  );
  stub.set('none.example.com', { does: 'addresses', addresses: ['192.0.2.9'] });
  assert.deepEqual(await resolver.resolve4('none.example.com'), ['192.0.2.9']);
});

test('each lie is told in its own place, and the truth may follow it', async () => {
  const row = { does: 'addresses', addresses: ['192.0.2.1'] } as const;
  const { stub } = await setUp({
    'id.example.com': { ...row, lie: 'id' },
    'question.example.com': { ...row, lie: 'question' },
    'type.example.com': { ...row, lie: 'type' },
    'class.example.com': { ...row, lie: 'class' },
    'case.example.com': { ...row, lie: 'case' },
    'query.example.com': { ...row, lie: 'query' },
    'extra.example.com': { ...row, lie: 'extra' },
    'both.example.com': { ...row, lie: 'id', thenTruth: true },
  });
  const ask = async (name: string): Promise<DecodedPacket> => decode(await exchange(stub.port, query({ name })));
  assert.equal((await ask('id.example.com')).id, 43);
  assert.equal((await ask('question.example.com')).questions?.[0]?.name, 'other-question.example.com');
  assert.equal((await ask('type.example.com')).questions?.[0]?.type, 'AAAA');
  assert.equal((await ask('class.example.com')).questions?.[0]?.class, 'CH');
  assert.equal((await ask('Case.example.com')).questions?.[0]?.name, 'cASE.EXAMPLE.COM');
  assert.equal((await ask('query.example.com')).type, 'query');
  const extra = await ask('extra.example.com');
  assert.deepEqual(
    extra.answers?.map(({ name }) => name),
    ['extra.example.com', 'bank.example.net'],
  );
  assert.equal(extra.additionals?.[0]?.name, 'bank.example.net');
  const ids = await exchangeMany(stub.port, query({ name: 'both.example.com' }), 2);
  assert.deepEqual(
    ids.map((bytes) => decode(bytes).id),
    [43, 42],
  );
});

test('a service binding has its parameters in order, and addresses beside it', async () => {
  const { stub, resolver } = await setUp({
    'svc.example.com': {
      does: 'service',
      priority: 1,
      target: '',
      alpn: ['h2', 'h3'],
      ipv4hint: ['192.0.2.1'],
      ipv6hint: ['2001:db8::1'],
      ech: Uint8Array.of(1, 2, 3),
      addresses: ['192.0.2.1'],
    },
    'old.example.com': { does: 'service', priority: 0, target: 'new.example.net' },
  });
  const answer = decode(await exchange(stub.port, query({ name: 'svc.example.com', type: 'UNKNOWN_65' })));
  const expected =
    '0001 00 0001 0006 026832026833 0004 0004 c0000201 0005 0003 010203 0006 0010 20010db8000000000000000000000001';
  assert.equal(dataOf(answer).toString('hex'), expected.replaceAll(' ', ''));
  const alias = decode(await exchange(stub.port, query({ name: 'old.example.com', type: 'UNKNOWN_64' })));
  assert.equal(dataOf(alias).toString('latin1'), '\0\0\x03new\x07example\x03net\0');
  assert.deepEqual(await resolver.resolve4('svc.example.com'), ['192.0.2.1']);
  assert.deepEqual(
    stub.asked().map(({ type }) => type),
    ['HTTPS', 'SVCB', 'A'],
  );
});

test('bombs are what they say, and stay within the payload that was asked for', async () => {
  const { stub } = await setUp({
    'self.example.com': { does: 'bomb', shape: 'self' },
    'ladder.example.com': { does: 'bomb', shape: 'ladder' },
    'wide.example.com': { does: 'bomb', shape: 'wide' },
    'forward.example.com': { does: 'bomb', shape: 'forward' },
    'counts.example.com': { does: 'bomb', shape: 'counts' },
  });
  for (const shape of ['self', 'forward', 'counts']) {
    const bytes = await exchange(stub.port, query({ name: `${shape}.example.com` }));
    assert.deepEqual([bytes.readUInt16BE(0), bytes.readUInt16BE(4)], [42, 1]);
    assert.throws(() => decode(bytes), shape);
  }
  const ladder = await exchange(stub.port, query({ name: 'ladder.example.com' }));
  assert.equal(ladder.readUInt16BE(6), 2);
  // The last pointer leads back rung by rung to the name of the question.
  let at = ladder.length - 16;
  let rungs = 0;
  while ((ladder[at] ?? 0) >= 0xc0) {
    at = ladder.readUInt16BE(at) & 0x3fff;
    rungs += 1;
  }
  assert.deepEqual([at, rungs], [12, 201]);
  const wide = await exchange(stub.port, query({ name: 'wide.example.com' }));
  const records = decode(wide).answers ?? [];
  assert.ok(wide.length <= 1232 && records.length > 60, `${wide.length} bytes, ${records.length} records`);
  assert.ok(records.slice(1).every(({ name }) => name.length === 247));
});

test('what came with a question is told: EDNS, its options, and that a message was no question', async () => {
  const { stub } = await setUp({
    'plain.example.com': { does: 'addresses', addresses: ['192.0.2.1'] },
    'cookie.example.com': { does: 'addresses', addresses: ['192.0.2.1'], cookie: 'honest' },
    'forged.example.com': { does: 'addresses', addresses: ['192.0.2.1'], cookie: 'forged' },
  });
  const subnet = { code: 8, data: Buffer.from('000118 00 c00002'.replaceAll(' ', ''), 'hex') };
  const cookie = { code: 10, data: Buffer.from('12345678') };
  await exchange(stub.port, query({ name: 'plain.example.com', options: [subnet, cookie] }));
  await exchange(stub.port, query({ name: 'plain.example.com', edns: false }));
  assert.deepEqual(stub.asked()[0]?.edns, {
    payloadBytes: 1232,
    isDnssecOk: false,
    options: [subnet, cookie].map(({ code, data }) => ({ code, data: Uint8Array.from(data) })),
  });
  assert.equal(stub.asked()[1]?.edns, null);
  for (const [name, start] of [
    ['cookie', '12345678stubbed!'],
    ['forged', `${String.fromCharCode(0x31 ^ 0xff)}2345678stubbed!`],
  ] as const) {
    const bytes = await exchange(stub.port, query({ name: `${name}.example.com`, options: [cookie] }));
    assert.ok(bytes.toString('latin1').endsWith(start));
  }
  const socket = createSocket('udp4');
  socket.send(Buffer.from('no DNS'), stub.port, '127.0.0.1');
  while (stub.malformed() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.close();
  assert.equal(stub.malformed(), 1);
});

async function setUp(
  table: Parameters<typeof startStubAuthority>[0],
): Promise<{ readonly stub: StubAuthority; readonly resolver: Resolver }> {
  const stub = await startStubAuthority(table);
  closing.push(() => stub.close());
  const resolver = new Resolver({ timeout: 400, tries: 1 });
  resolver.setServers([stub.server]);
  return { stub, resolver };
}

interface Question {
  readonly name: string;
  readonly type?: string;
  readonly edns?: boolean;
  readonly options?: readonly { readonly code: number; readonly data: Buffer }[];
}

function packetOf({ name, type = 'A', edns = true, options = [] }: Question): Packet {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, options };
  return {
    type: 'query',
    id: 42,
    questions: [{ type: type as 'A', name, class: 'IN' }],
    additionals: edns ? [opt as never] : [],
  };
}

function query(question: Question): Buffer {
  return encode(packetOf(question));
}

function dataOf(packet: DecodedPacket): Buffer {
  const [first] = packet.answers ?? [];
  assert.ok(first !== undefined && 'data' in first && Buffer.isBuffer(first.data));
  return first.data;
}

async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const [only] = await exchangeMany(port, bytes, 1);
  assert.ok(only);
  return only;
}

async function exchangeMany(port: number, bytes: Buffer, count: number): Promise<readonly Buffer[]> {
  const socket = createSocket('udp4');
  const replies: Buffer[] = [];
  // Both may arrive in one turn of the loop, so none is waited for alone.
  const all = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (reply) => replies.push(reply) === count && resolve());
  });
  const late = setTimeout(() => socket.emit('error', new Error(`only ${replies.length} replies came`)), deadlineMs);
  try {
    socket.send(bytes, port, '127.0.0.1');
    await all;
    return replies;
  } finally {
    clearTimeout(late);
    socket.close();
  }
}

async function readFrames(socket: Socket, count: number): Promise<readonly Buffer[]> {
  const frames: Buffer[] = [];
  let held = Buffer.alloc(0);
  while (frames.length < count) {
    const [bytes] = (await once(socket, 'data', { signal: AbortSignal.timeout(deadlineMs) })) as [Buffer];
    held = Buffer.concat([held, bytes]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0);
      frames.push(held.subarray(2, end));
      held = held.subarray(end);
    }
  }
  return frames;
}
