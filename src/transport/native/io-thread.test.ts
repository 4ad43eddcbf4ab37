import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { constants } from 'node:os';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type LoopbackServer, serveOnLoopback } from '../../../test/support/loopback-server.ts';
import { skipUnless } from '../../../test/support/requires.ts';
import { type Addon, command } from './abi.ts';
import { addonForTest, faultCall, type IoThreadBed, startIoThread, type ToldLink } from './io-thread.playbook.ts';
import { ofSide } from './link-events.ts';

const { EMFILE, ENOBUFS, ENOMEM, EPIPE } = constants.errno;
type Plan = readonly [call: number, errno: number, after: number, times: number];
const skip = skipUnless('compiler');
const loopback = [0x7f000001];
const blob = randomBytes(8_000_000);
const digest = createHash('sha256').update(blob).digest('hex');

describe('an I/O thread', { skip }, () => {
  let addon: Addon;
  let origin: LoopbackServer;
  let bed: IoThreadBed;
  let behave: (socket: Socket) => void;
  before(async () => {
    addon = addonForTest();
    origin = await serveOnLoopback(createServer({ allowHalfOpen: true }, (socket) => behave(socket)));
    bed = startIoThread(addon, 64);
  });
  beforeEach(() => {
    behave = (socket) => void socket.pipe(socket);
  });
  after(async () => {
    bed.close();
    await origin.close();
    assert.deepEqual(bed.errors, []);
  });

  function failNext(...[call, errno, from, times]: Plan): void {
    addon.failNext?.(call, errno, from, times);
  }

  async function relayed(isMetered = false): Promise<{ readonly socket: Socket; readonly link: ToldLink }> {
    const opened = await bed.open();
    bed.thread.commands.dial(opened.link, [{ words: loopback, port: origin.port }]);
    await opened.link.until('dialled 0');
    opened.link.relay(isMetered);
    // What is read from here on is relayed.
    await wait(10);
    return opened;
  }

  test('INVARIANT: a late command does not reach the connection that has the slot now', async () => {
    const first = await bed.open();
    first.link.reset();
    await closed(first.socket);
    const second = await bed.open();
    assert.equal(second.link.slot, first.link.slot);
    assert.notEqual(second.link.generation, first.link.generation);
    bed.thread.commands.send(first.link, 0, Buffer.from('for the one before'));
    for (const type of [command.reset, command.close, command.detach, command.drop, command.read]) {
      bed.thread.commands.tell(type, first.link, 1);
    }
    bed.thread.stop(first.link.slot, first.link.generation);
    bed.thread.commands.send(second.link, 0, Buffer.from('for this one'));
    assert.equal(String((await once(second.socket, 'data'))[0]), 'for this one');
    second.socket.destroy();
    await second.link.until('end 0');
    second.link.reset();
  });

  test('what is told comes in order: bytes that were sent, the answer, the end, and the counts', async () => {
    const { socket, link } = await bed.open();
    socket.end('hello');
    await link.until('bytes 0');
    assert.equal(Buffer.concat(link.read[0]).toString(), 'hello');
    link.ask(1);
    await link.until('end 0');
    bed.thread.commands.dial(link, [{ words: loopback, port: origin.port }]);
    await link.until('dialled 0');
    bed.thread.commands.send(link, 0, Buffer.from('first '));
    bed.thread.commands.send(link, 1, Buffer.from('and this'));
    link.relay();
    const got: Buffer[] = [];
    for await (const bytes of socket) got.push(bytes as Buffer);
    assert.equal(Buffer.concat(got).toString(), 'first and this');
    await link.until('over 0');
    assert.deepEqual(link.totals, [0, 'and this'.length]);
  });

  test('bytes that are on their way to us when a relay begins keep their place', async () => {
    const { socket, link } = await bed.open();
    bed.thread.commands.dial(link, [{ words: loopback, port: origin.port }]);
    await link.until('dialled 0');
    socket.write('one ');
    await link.until('bytes 0');
    // As if they had not come yet: the passage stays closed until we have seen them.
    bed.thread.commands.tell(command.relay, link, 0, 0);
    socket.write('two');
    await wait(30);
    bed.thread.commands.send(link, 1, Buffer.concat(link.read[0]));
    link.relay();
    let got = '';
    socket.on('data', (bytes) => {
      got += String(bytes);
    });
    while (got.length < 7) await wait(2);
    assert.equal(got, 'one two');
    socket.resetAndDestroy();
    await link.until('over 0');
  });

  test('a dial goes on to the next address after a failure, and says why none answered', async () => {
    const { socket, link } = await bed.open();
    const [shut, open] = [1, origin.port].map((port) => ({ words: loopback, port }));
    assert.ok(shut !== undefined && open !== undefined);
    bed.thread.commands.dial(link, [shut, shut]);
    await link.until(`dial_failed ${constants.errno.ECONNREFUSED} ${constants.errno.ECONNREFUSED}`);
    bed.thread.commands.dial(link, [shut, open], { mark: 0, source: { words: [0x7f000002], port: 0 } });
    await link.until('dialled 1');
    link.drop();
    socket.destroy();
    await link.until('end 0');
    link.reset();
  });

  test('deadlines come once and not early, and an idle connection is told', async () => {
    const quick = startIoThread(addon, 4, { idleMs: 300 });
    const { link } = await quick.open();
    const start = performance.now();
    quick.thread.commands.tell(command.arm, link, 100);
    await link.until('deadline');
    assert.ok(performance.now() - start >= 95);
    await link.until('spent');
    assert.ok(performance.now() - start >= 290);
    assert.deepEqual(link.told, ['start', 'deadline', 'spent']);
    quick.close();
  });

  test('a metered flow stands until it is granted what there is, and passes exactly that', async () => {
    const { socket, link } = await relayed(true);
    socket.write(Buffer.alloc(1_000, 0x61));
    await link.until('budget 0 1000');
    await wait(30);
    assert.equal(bed.thread.relayed(link.slot, 0), 0);
    bed.thread.commands.tell(command.grant, link, 400);
    await link.until('budget 0 600');
    assert.equal(bed.thread.relayed(link.slot, 0), 400);
    await link.until('budget 1 400');
    bed.thread.commands.tell(command.meter, link, 0);
    let got = 0;
    socket.on('data', (bytes: Buffer) => {
      got += bytes.length;
    });
    while (got < 1_000) await wait(2);
    socket.resetAndDestroy();
    await link.until('over 0');
  });

  test('INVARIANT: nothing is relayed of a connection once it is stopped', async () => {
    behave = (socket) => {
      const pour = (): void => void (socket.write(blob) ? setImmediate(pour) : socket.once('drain', pour));
      pour();
    };
    const { socket, link } = await relayed();
    socket.resume();
    for (let moved = 0; moved < 1_000_000; moved = bed.thread.relayed(link.slot, 1)) await wait(1);
    bed.thread.stop(link.slot, link.generation);
    const counted = bed.thread.relayed(link.slot, 1);
    await wait(50);
    assert.equal(bed.thread.relayed(link.slot, 1), counted);
    link.reset();
    await closed(socket);
  });

  test('a paced passage keeps to its rate after its burst', async () => {
    behave = (socket) => void socket.end(blob.subarray(0, 400_000));
    const { socket, link } = await bed.open();
    bed.thread.commands.dial(link, [{ words: loopback, port: origin.port }]);
    await link.until('dialled 0');
    bed.thread.commands.tell(command.pace | (1 << 8), link, 1_000_000, 100_000);
    const start = performance.now();
    link.relay();
    let got = 0;
    for await (const bytes of socket) got += (bytes as Buffer).length;
    assert.equal(got, 400_000);
    const tookMs = performance.now() - start;
    assert.ok(tookMs >= 250, `${tookMs} ms for 300,000 bytes at 1,000,000 a second`);
    socket.destroy();
    await link.until('over 1');
  });

  test('a descriptor goes to JavaScript with what was read of it, and one comes back', async () => {
    const { socket, link } = await bed.open();
    socket.write('read before');
    await link.until('bytes 0');
    bed.thread.commands.tell(command.detach, link);
    await link.until('detached');
    bed.thread.commands.tell(command.adopt, { slot: 0, generation: 0 }, link.detached ?? -1);
    socket.write('read after');
    while (bed.links.at(-1) === link) await wait(2);
    const again = bed.links.at(-1);
    assert.ok(again !== undefined);
    await again.until('bytes 0');
    assert.equal(Buffer.concat(again.read[0]).toString(), 'read after');
    again.reset();
  });

  test('connections of a tag are reset together, and the others are not', async () => {
    const pairs = await Promise.all(Array.from({ length: 6 }, () => bed.open()));
    for (const [at, { link }] of pairs.entries()) bed.thread.commands.tell(command.tag, link, at % 2 === 0 ? 7 : 8);
    const gone = pairs.filter((_, at) => at % 2 === 0).map(({ socket }) => closed(socket));
    bed.thread.commands.tell(command.resetTag, { slot: 0, generation: 0 }, 7);
    await Promise.all(gone);
    for (const [at, { socket, link }] of pairs.entries()) {
      if (at % 2 === 0) continue;
      bed.thread.commands.send(link, 0, Buffer.from('kept'));
      assert.equal(String((await once(socket, 'data'))[0]), 'kept');
      link.reset();
    }
  });

  test('commands that find no room wait in order, and none is lost', async () => {
    const { socket, link } = await bed.open();
    const pieces = Array.from({ length: 12_000 }, (_, at) => Buffer.alloc(1_000, at % 251));
    const expected = createHash('sha256');
    for (const piece of pieces) {
      expected.update(piece);
      bed.thread.commands.send(link, 0, piece);
    }
    const hash = createHash('sha256');
    let got = 0;
    for await (const bytes of socket) {
      hash.update(bytes as Buffer);
      got += (bytes as Buffer).length;
      if (got === 12_000_000) break;
    }
    assert.equal(hash.digest('hex'), expected.digest('hex'));
    link.reset();
  });

  test('a thread whose slab is full reads on once JavaScript took what was there, and no byte is lost', async () => {
    const wide = startIoThread(addon, 256);
    const pairs = await Promise.all(Array.from({ length: 150 }, () => wide.open()));
    const piece = randomBytes(60_000);
    for (const { socket } of pairs) socket.write(piece);
    await wait(50);
    const askAll = (): void => pairs.forEach(({ link }) => void link.ask(1));
    // More than the slab holds, while JavaScript looks away.
    askAll();
    await wait(1);
    lookAway(100);
    while (pairs.some(({ link }) => link.seen[0] < piece.length)) {
      askAll();
      await wait(2);
    }
    assert.ok(pairs.every(({ link }) => Buffer.concat(link.read[0]).equals(piece)));
    pairs.forEach(({ link }) => void link.reset());
    assert.deepEqual(wide.errors, []);
    wide.close();
  });

  for (const [what, plan] of [
    ['ENOBUFS of send', [faultCall.send, ENOBUFS, 3, 5]],
    ['ENOMEM of recv', [faultCall.recv, ENOMEM, 2, 5]],
    ['ENOMEM of splice', [faultCall.splice, ENOMEM, 3, 5]],
    ['descriptor exhaustion of pipes', [faultCall.pipe, EMFILE, 0, 1_000]],
    ['nothing at all', [faultCall.pipe, 0, 0, 0]],
  ] as const satisfies readonly (readonly [string, Plan])[]) {
    test(`${what} delays a relay and changes no byte of it, for slow and for fast readers`, async () => {
      behave = (socket) => {
        const hash = createHash('sha256');
        socket.on('data', (bytes) => hash.update(bytes));
        socket.write(blob);
        socket.on('end', () => socket.end(hash.digest('hex')));
      };
      const pairs = await Promise.all([relayed(), relayed()]);
      failNext(...(plan as Plan));
      const texts = pairs.map(({ socket }, at) => {
        socket.end(blob);
        return readDown(socket, at === 0 ? 5 : 0);
      });
      for (const text of await Promise.all(texts)) assert.equal(text, `${digest} ${digest}`);
      for (const { link } of pairs) await link.until('over');
      failNext(plan[0], 0, 0, 0);
    });
  }

  test('bytes behind urgent ones are relayed, though a read stops at them and the end has come', async () => {
    // Node sends no urgent data.
    const program = `use IO::Socket::INET; my $s = IO::Socket::INET->new("127.0.0.1:${bed.port}") or die; $s->autoflush(1);
      print $s "first, "; sleep 1; print $s "before"; send($s, "!", 1); print $s " behind"; shutdown($s, 1); print while <$s>;`;
    const known = bed.links.length;
    const said = promisify(execFile)('perl', ['-e', program], { timeout: 10_000 });
    while (bed.links.length === known) await wait(2);
    const link = bed.links[known] as ToldLink;
    await link.until('bytes 0');
    bed.thread.commands.dial(link, [{ words: loopback, port: origin.port }]);
    await link.until('dialled 0');
    bed.thread.commands.send(link, 1, Buffer.concat(link.read[0]));
    link.relay(true);
    await link.until('budget 0');
    // By then all of it is there, and its end.
    await wait(50);
    for (const side of [0, 1] as const) bed.thread.commands.tell(ofSide(command.grant, side), link, 1_000);
    assert.equal((await said).stdout, 'first, before behind');
    await link.until('over');
  });

  test('EPIPE of a send to the client ends the relay, and of one to the upstream too', async () => {
    for (const expected of ['over 0', 'over 1']) {
      const { socket, link } = await relayed();
      // The first send passes what the client says, the second what comes back.
      failNext(faultCall.send, EPIPE, expected === 'over 1' ? 0 : 1, 1);
      socket.write('hello');
      await link.until(expected);
      socket.destroy();
    }
  });

  test('descriptor exhaustion: accepting pauses and goes on, and a dial says so', async () => {
    failNext(faultCall.accept, EMFILE, 0, 2);
    const opened = await Promise.all(Array.from({ length: 6 }, () => bed.open().catch(() => null)));
    const [one, ...others] = opened.filter((each) => each !== null);
    assert.ok(one !== undefined);
    failNext(faultCall.socket, EMFILE, 0, 1);
    bed.thread.commands.dial(one.link, [{ words: loopback, port: origin.port }]);
    await one.link.until(`dial_failed ${EMFILE}`);
    for (const { link } of [one, ...others]) link.reset();
  });
});

function lookAway(forMs: number): void {
  for (const end = performance.now() + forMs; performance.now() < end; );
}

// A reset is an error, and then a close.
async function closed(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('close', resolve));
}

// The blob, then what the origin says that it got.
async function readDown(socket: Socket, pauseMs: number): Promise<string> {
  const hash = createHash('sha256');
  let left = blob.length;
  let rest = '';
  for await (const bytes of socket) {
    const part = (bytes as Buffer).subarray(0, left);
    hash.update(part);
    left -= part.length;
    rest += String((bytes as Buffer).subarray(part.length));
    if (pauseMs > 0 && Math.random() < 0.1) await wait(pauseMs);
  }
  return `${hash.digest('hex')} ${rest}`;
}
