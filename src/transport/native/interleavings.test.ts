import assert from 'node:assert/strict';
import { closeSync, readdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { constants } from 'node:os';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { serveOnLoopback } from '../../../test/support/loopback-server.ts';
import { skipUnless, testScale } from '../../../test/support/requires.ts';
import { command } from './abi.ts';
import {
  addonForTest,
  faultCall,
  type IoThreadBed,
  settledDescriptors,
  startIoThread,
  type ToldLink,
} from './io-thread.playbook.ts';
import type { SideNumber } from './link-events.ts';

// Whatever events, commands and closes come in whatever order: nothing crashes, nothing is told of what is gone, no descriptor is left.

const skip = skipUnless('compiler');
const runs = Math.ceil(300 * testScale());
const codes = constants.errno;
const failures = [codes.EAGAIN, codes.EINTR, codes.ENOBUFS, codes.ENOMEM, codes.EPIPE, codes.ECONNRESET, codes.EMFILE];
const loopback = [0x7f000001];

// Speaks first, echoes, ends or resets, by what it is sent.
const origin = skip === false ? await serveOnLoopback(createServer({ allowHalfOpen: true }, behave)) : null;
after(async () => origin?.close());

function behave(socket: Socket): void {
  socket.on('end', () => socket.end());
  socket.on('data', (bytes) => {
    if (bytes[0] === 0x72) socket.resetAndDestroy();
    else if (bytes[0] === 0x65) socket.end(bytes);
    else socket.write(bytes);
  });
}

interface Pair {
  readonly socket: Socket;
  readonly link: ToldLink;
}

const at = fc.nat(3);
const side = fc.constantFrom<SideNumber>(0, 1);
const size = fc.constantFrom(1, 100, 20_000, 300_000);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('open' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('write' as const), at, size, first: fc.constantFrom(0x61, 0x72, 0x65) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('end', 'rst', 'pause', 'resume'), at }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask' as const), at, sides: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), at, side, size }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('dial' as const), at, refused: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('relay', 'metered', 'blind'), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('grant' as const), at, side, size }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('drop', 'close', 'reset', 'detach', 'stop'), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('drain', 'arm', 'pace', 'meter', 'stale'), at, side }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      call: fc.nat(Object.keys(faultCall).length - 1),
      code: fc.constantFrom(...failures),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3) }) },
);
type Failure = [call: number, errno: number, after: number, times: number];
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test(`${runs} random interleavings of events, commands and closes leave nothing behind`, {
  skip,
  timeout: 300_000,
}, async () => {
  const addon = addonForTest();
  const failNext = (...[call, code, from, times]: Failure): void => addon.failNext?.(call, code, from, times);
  const before = readdirSync('/proc/self/fd').length;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const bed = startIoThread(addon, 8);
      const pairs: Pair[] = [];
      try {
        for (const one of steps) await play(bed, pairs, one, failNext);
        await wait(5);
      } finally {
        for (let call = 0; call < Object.keys(faultCall).length; call++) addon.failNext?.(call, 0, 0, 0);
        bed.close();
        for (const { socket } of pairs) socket.destroy();
        for (const { link } of pairs) if (link.detached !== null) closeSync(link.detached);
      }
      assert.deepEqual(bed.errors, []);
    }),
    { numRuns: runs, endOnFailure: true },
  );
  // Those of the origin go last.
  assert.ok((await settledDescriptors(before)) <= before + 1);
});

async function play(
  bed: IoThreadBed,
  pairs: Pair[],
  one: Step,
  failNext: (...failure: Failure) => void,
): Promise<void> {
  if (one.kind === 'wait') return wait(one.ms);
  if (one.kind === 'fail') return failNext(one.call, one.code, 0, one.times);
  if (one.kind === 'open') {
    // One that is refused for want of a slot, or shed, is never told.
    const opened = await Promise.race([bed.open().catch(() => null), wait(150).then(() => null)]);
    if (opened !== null) pairs.push(opened);
    return;
  }
  const pair = 'at' in one ? pairs.at(-1 - one.at) : undefined;
  if (pair !== undefined) act(bed, pair, one);
}

function act(
  { thread }: IoThreadBed,
  { socket, link }: Pair,
  one: Exclude<Step, { kind: 'wait' | 'fail' | 'open' }>,
): void {
  switch (one.kind) {
    case 'write':
      if (!socket.destroyed && !socket.writableEnded) socket.write(Buffer.alloc(one.size, one.first));
      break;
    case 'send':
      thread.commands.send(link, one.side, new Uint8Array(one.size).fill(0x61));
      break;
    case 'dial': {
      const targets = Array.from({ length: one.refused + 1 }, (_, index) => ({
        words: loopback,
        // Nothing listens on port 1.
        port: index === one.refused ? (origin?.port ?? 1) : 1,
      }));
      thread.commands.dial(link, targets);
      break;
    }
    case 'ask':
      link.ask(one.sides);
      break;
    case 'grant':
      thread.commands.tell(command.grant | (one.side << 8), link, one.size);
      break;
    default:
      actPlainly(thread, { socket, link }, one);
  }
}

function actPlainly(thread: IoThreadBed['thread'], { socket, link }: Pair, { kind }: { readonly kind: string }): void {
  const acts: Readonly<Record<string, () => void>> = {
    end: () => socket.end(),
    rst: () => void socket.resetAndDestroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    relay: () => link.relay(),
    metered: () => link.relay(true),
    // As if something was still on its way to us.
    blind: () => thread.commands.tell(command.relay, link, 1, 1),
    drop: () => link.drop(),
    close: () => link.close(),
    reset: () => link.reset(),
    detach: () => thread.commands.tell(command.detach, link),
    stop: () => thread.stop(link.slot, link.generation),
    drain: () => thread.commands.tell(command.drain, link),
    arm: () => thread.commands.tell(command.arm, link, 1),
    pace: () => thread.commands.tell(command.pace, link, 50_000, 10_000),
    meter: () => thread.commands.tell(command.meter, link, 1),
    stale: () => thread.commands.tell(command.reset, { slot: link.slot, generation: link.generation + 7 }),
  };
  acts[kind]?.();
}
