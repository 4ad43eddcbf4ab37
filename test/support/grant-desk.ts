import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { Grant, GrantList } from '../../src/policy/index.ts';
import { createSigningKey, writeGrants } from '../../src/snapshot/index.ts';
import { grantOf } from './grant-fixture.ts';
import { type RunningProduct, waitFor } from './product.ts';

/**
 * Control's part about grants, played by a test: writes the list that the point reads, and asks the point. Its sequences are far past those of
 * the control that runs, whose own lists are older then; that one is held still while a list is written and taken.
 */
export interface GrantDesk {
  /** Writes a list with the next sequence, without telling the point. */
  write(grants: readonly Grant[], ended?: GrantList['ended']): Promise<number>;
  /** Writes a list and has the point apply it. */
  put(grants: readonly Grant[], ended?: GrantList['ended']): Promise<void>;
  /** Holds control still, as if it were down, until `release`. */
  hold(): void;
  release(): void;
  /** Asks the point; rejects with its fault. */
  ask<T>(question: string, body?: unknown): Promise<T>;
}

/** A grant of the service `story`, from a minute ago until `lifeMs` from now. */
export function storyGrant(id: string, to: string, extra: Partial<Grant> & { readonly lifeMs?: number } = {}): Grant {
  const { lifeMs = 3_600_000, ...others } = extra;
  const now = Date.now();
  return grantOf(id, to, { service: 'story', notBefore: now - 60_000, notAfter: now + lifeMs, ...others });
}

/** Opens the desk of a running product. `offline` are the signers of every list. */
export async function openGrantDesk(
  product: Pick<RunningProduct, 'state' | 'report'>,
  offline: GrantList['offline'] = { quorum: 2, keys: [] },
): Promise<GrantDesk> {
  const key = await createSigningKey(join(product.state, 'keys'));
  assert.ok(key.ok);
  const { privateKey } = key.value;
  let sequence = Date.now() + aYearMs;
  let isHeld = false;
  const signalControl = (signal: 'SIGSTOP' | 'SIGCONT'): void => {
    process.kill(product.report.pids.control ?? 0, signal);
  };
  const write: GrantDesk['write'] = async (grants, ended = []) => {
    sequence += 1;
    const list = { sequence, createdAtMs: Date.now(), grants, ended, offline };
    const path = join(product.state, 'control', 'grants.exeat');
    const written = await writeGrants({ path, list, signingKey: privateKey });
    assert.ok(written.ok, written.ok ? '' : written.fault.message);
    return sequence;
  };
  const ask: GrantDesk['ask'] = (question, body = null) =>
    askSocket(join(product.state, 'point', 'point.sock'), question, body);
  // The list that control makes at its start would take the place of the first one of the test.
  await waitFor(
    async () => (await ask<{ sequence: number | null }>('grants')).sequence !== null,
    'the first list',
    20_000,
  );
  return {
    write,
    put: async (grants, ended) => {
      signalControl('SIGSTOP');
      try {
        const written = await write(grants, ended);
        assert.deepEqual(await ask('apply-grants'), { sequence: written });
      } finally {
        if (!isHeld) signalControl('SIGCONT');
      }
    },
    hold: () => {
      isHeld = true;
      signalControl('SIGSTOP');
    },
    release: () => {
      isHeld = false;
      signalControl('SIGCONT');
    },
    ask,
  };
}

const aYearMs = 365 * 86_400_000;

function askSocket<T>(path: string, question: string, body: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(path);
    socket.setTimeout(10_000, () => socket.destroy(new Error(`\`${question}\` was not answered`)));
    socket.on('error', reject);
    // Who is killed while it answers ends the connection and says nothing.
    socket.on('close', () => reject(new Error(`the connection ended before \`${question}\` was answered`)));
    socket.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('\n')) return;
      const answer = JSON.parse(text) as { readonly ok: boolean; readonly value: T; readonly message: string };
      if (answer.ok) resolve(answer.value);
      else reject(new Error(answer.message));
      socket.destroy();
    });
    socket.write(`${JSON.stringify({ ask: question, body })}\n`);
  });
}
