import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { failed, ok, type Result } from '../base/index.ts';
import {
  createGrantIndexBuilder,
  type EndedGrant,
  type Grant,
  type GrantIndex,
  type GrantList,
} from '../policy/index.ts';
import { linesOf } from './grant-lines.ts';
import { type GrantsFault, grantsKind } from './grants-format.ts';
import type { ReadGrants } from './read-grants.ts';
import { defaultLoadTimeoutMs, runLoadWorker } from './run-load-worker.ts';
import { trouble } from './signed-file.ts';

/** Grants as a point uses them. `leftOut` counts those that could not be used and so justify nothing. */
export interface LoadedGrants extends Pick<GrantList, 'sequence' | 'createdAtMs' | 'offline'> {
  readonly index: GrantIndex;
  readonly leftOut: number;
  /** Names this very content. */
  readonly signature: string;
}

/** How to load. */
export interface LoadGrantsOptions {
  /** The list that was accepted last: an older one is refused, and so is another one under the same sequence. Default: none. */
  readonly last?: Pick<LoadedGrants, 'sequence' | 'signature'> | null;
  /** How long the worker may take, in milliseconds; past it the load is a fault. Default: 60,000. */
  readonly timeoutMs?: number;
}

// Reading a line and its target takes about 10 µs: a slice stalls decisions by a few milliseconds.
const linesPerSlice = 256;

/**
 * Reads and checks a file of grants in a worker thread, and opens it in slices, so that decisions go on meanwhile. Never rejects.
 * Faults: every {@link GrantsFault}; the caller keeps the grants that it has.
 */
export async function loadGrants(
  path: string,
  publicKey: KeyObject,
  options: LoadGrantsOptions = {},
): Promise<Result<LoadedGrants, GrantsFault>> {
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const { last = null, timeoutMs = defaultLoadTimeoutMs } = options;
  const request = { path, publicKeyPem, leastSequence: last?.sequence ?? 0 };
  const read = await runLoadWorker<'grants', ReadGrants>(grantsKind, 'grants-worker', request, timeoutMs);
  if (!read.ok) return read;
  const { header, signature } = read.value;
  if (last !== null && header.sequence === last.sequence && signature !== last.signature) {
    const says = `grants \`${path}\` have sequence ${last.sequence} again with other content: the last good ones stay`;
    return failed(trouble(grantsKind, 'rolled_back', says));
  }
  const { sequence, createdAtMs, offline } = header;
  return ok({ sequence, createdAtMs, offline, signature, ...(await openInSlices(read.value)) });
}

async function openInSlices({ header, body }: ReadGrants): Promise<Pick<LoadedGrants, 'index' | 'leftOut'>> {
  const builder = createGrantIndexBuilder();
  let at = 0;
  for (const line of linesOf(body)) {
    // The worker checked every line.
    if (at < header.grantCount) builder.add([JSON.parse(line) as Grant]);
    else builder.end([JSON.parse(line) as EndedGrant]);
    at += 1;
    if (at % linesPerSlice === 0) await nextTurn();
  }
  return { index: builder.finish(), leftOut: builder.leftOut() };
}
