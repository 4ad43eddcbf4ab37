import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seccompProgram } from './seccomp-program.ts';
import { type Architecture, refusedCalls, syscallNumber } from './syscalls.ts';

const audit = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const allow = 'allow';

interface Call {
  readonly number: number;
  readonly arch?: number;
  readonly words?: readonly number[];
}

/** When a jump is taken, by its code (linux/bpf_common.h). */
const jumps: Readonly<Record<number, (accumulator: number, value: number) => boolean>> = {
  21: (accumulator, value) => accumulator === value,
  53: (accumulator, value) => accumulator >= value,
  69: (accumulator, value) => (accumulator & value) !== 0,
};

/** Where a program stands, or what it answered. */
type State = { readonly at: number; readonly accumulator: number } | string | number;

/** Runs a program as the kernel would: bpf over struct seccomp_data. Gives `allow` or the errno. */
function run(architecture: Architecture, call: Call): string | number {
  const bytes = new DataView(seccompProgram(architecture).buffer);
  const data = dataOf(architecture, call);
  let state: State = { at: 0, accumulator: 0 };
  while (typeof state === 'object') state = step(bytes, data, state);
  return state;
}

function step(bytes: DataView, data: DataView, { at, accumulator }: Extract<State, object>): State {
  const [code, value] = [bytes.getUint16(at, true), bytes.getUint32(at + 4, true)];
  if (code === 0x06) return value === 0x7fff0000 ? allow : value & 0xffff;
  const isTaken = jumps[code]?.(accumulator, value);
  if (isTaken !== undefined) return { at: at + 8 + 8 * bytes.getUint8(isTaken ? at + 2 : at + 3), accumulator };
  return { at: at + 8, accumulator: code === 0x20 ? data.getUint32(value, true) : (accumulator & value) >>> 0 };
}

function dataOf(architecture: Architecture, { number, arch, words = [] }: Call): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number >>> 0, true);
  data.setUint32(4, arch ?? audit[architecture], true);
  for (const [index, word] of words.entries()) data.setBigUint64(16 + 8 * index, BigInt(word), true);
  return data;
}

for (const architecture of ['x64', 'arm64'] as const) {
  describe(`the filter of system calls on ${architecture}`, () => {
    const call = (name: string, ...words: readonly number[]): string | number =>
      run(architecture, { number: syscallNumber(name, architecture), words });

    test('lets ordinary calls pass', () => {
      for (const number of [0, 1, 3, 60, 63, 64, 93]) assert.equal(run(architecture, { number }), allow, `${number}`);
    });

    test('makes sockets of paths, TCP, UDP and routes, and no others', () => {
      const cloexec = 0x80000;
      for (const words of [
        [1, 1, 0],
        [1, 5, 0],
        [2, 1 | cloexec, 6],
        [2, 2, 17],
        [10, 1, 0],
        [10, 2 | 0x800, 0],
        [16, 3 | cloexec, 0],
      ])
        assert.equal(call('socket', ...words), allow, `${words}`);
      for (const words of [
        [2, 3, 1],
        [2, 3 | cloexec, 255],
        [10, 3, 58],
        [2, 5, 132],
        [2, 10, 3],
      ])
        assert.equal(call('socket', ...words), 1, `${words}`);
      for (const words of [
        [17, 3, 0],
        [40, 1, 0],
        [38, 5, 0],
        [31, 3, 0],
        [0, 1, 0],
        [41, 1, 0],
      ])
        assert.equal(call('socket', ...words), 97, `${words}`);
      assert.equal(call('socket', 16, 3, 12), 93);
      assert.deepEqual([call('socketpair', 1, 1, 0), call('socketpair', 30, 1, 0)], [allow, 97]);
    });

    test('makes no user namespace, and types into no terminal, whatever the high half of a word says', () => {
      assert.deepEqual([call('unshare', 0x10000000), call('clone', 0x10000011), call('clone3', 0, 0)], [1, 1, 38]);
      assert.deepEqual([call('unshare', 0x400), call('clone', 0x11)], [allow, allow]);
      for (const request of [0x5412, 0x541c, 0x1_0000_5412]) assert.equal(call('ioctl', 0, request), 1, `${request}`);
      assert.equal(call('ioctl', 0, 0x5401), allow);
    });

    test('refuses what has no argument to look at', () => {
      for (const { name, isUnknown } of refusedCalls) assert.equal(call(name), isUnknown ? 38 : 1, name);
    });

    test('knows no calls of other architectures', () => {
      assert.equal(run(architecture, { number: 1, arch: 0x40000003 }), 38);
      if (architecture === 'x64') assert.equal(run(architecture, { number: 0x40000000 + 41, words: [2, 1, 0] }), 38);
    });
  });
}
