import { availableParallelism } from 'node:os';
import { ok, type Result } from '../base/index.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import type { Addon } from './native/abi.ts';
import { createNativeDatagramSocket, movesDatagrams } from './native/datagram-socket.ts';
import { loadAddon, loadFile } from './native/load-addon.ts';
import { ThreadPools } from './native/thread-pool.ts';
import { createNativeTransport } from './native/transport.ts';
import { createNodeTransport } from './node/listener.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** Which driver is asked for. `auto`: the native one where it loads. */
export type DriverChoice = 'auto' | 'native' | 'node';

/** What moves the bytes. */
export interface TransportDriver {
  readonly name: 'native' | 'node';
  /** Threads that move bytes beside the one that decides, for all listeners together; 0 for `node`. */
  readonly threads: number;
  /** Why `auto` did not choose the native one; null where it did, or was not asked. */
  readonly why: string | null;
  create(options: TransportOptions): Transport;
  /** Makes a UDP socket that takes many datagrams at once; null where those of Node serve. */
  readonly createDatagramSocket: ((receiveBufferBytes: number) => DatagramSocket) | null;
}

/** The driver over `node:net`. */
export const nodeDriver: TransportDriver = {
  name: 'node',
  threads: 0,
  why: null,
  create: createNodeTransport,
  createDatagramSocket: null,
};

/** Opens the driver that is asked for. `threads` null: one per two processors; `folder`: where the addon is, for tests. Fault: `native_unavailable`, only where it was asked for by name. */
export function openDriver(choice: DriverChoice, threads: number | null, folder?: string): Result<TransportDriver> {
  if (choice === 'node') return ok(nodeDriver);
  const addon = loadAddon(folder);
  if (!addon.ok) return choice === 'native' ? addon : ok({ ...nodeDriver, why: addon.fault.message });
  return ok(nativeDriver(addon.value, threads ?? Math.max(1, availableParallelism() >> 1)));
}

/** Opens the native driver of one file, such as a build with sanitizers. Fault: `native_unavailable`. */
export function openDriverOfFile(file: string, threads: number): Result<TransportDriver> {
  const addon = loadFile(file);
  return addon.ok ? ok(nativeDriver(addon.value, threads)) : addon;
}

function nativeDriver(addon: Addon, threads: number): TransportDriver {
  const pools = new ThreadPools(addon, threads);
  return {
    name: 'native',
    threads,
    why: null,
    create: (options) => createNativeTransport(options, pools),
    createDatagramSocket: movesDatagrams(addon) ? (bytes) => createNativeDatagramSocket(addon, bytes) : null,
  };
}
