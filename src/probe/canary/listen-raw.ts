import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { failed, ok, type Result } from '../../base/index.ts';
import { perlListener, pythonListener } from '../attempt/raw-scripts.ts';
import { findMark, proofBytes } from '../mark.ts';
import type { Arrival } from './arrival.ts';

const protocols = [4, 41, 47, 132] as const;
const says = `ip protocols ${protocols.join(', ')}`;

/** Answers marks that come by IP protocols without ports, through an interpreter, because Node has no such sockets. Needs root. */
export async function listenRaw(
  onArrival: (arrival: Arrival) => void,
): Promise<Result<{ readonly says: string; readonly close: () => Promise<void> }, string>> {
  if (process.getuid?.() !== 0) return failed(`${says}: needs root`);
  const child = (await start('perl', ['-e', perlListener])) ?? (await start('python3', ['-c', pythonListener]));
  if (child === null) return failed(`${says}: needs perl or python3`);
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [protocol = '', from = '', hex = ''] = line.split(' ');
    const mark = findMark(Buffer.from(hex, 'hex'));
    if (mark === null) return;
    onArrival({ ...mark, over: 'ip', port: Number(protocol), from });
    child.stdin.write(`${protocol} ${from} ${Buffer.from(proofBytes(mark)).toString('hex')}\n`);
  });
  return ok({
    says,
    close: async () => {
      const closed = new Promise((resolve) => child.on('close', resolve));
      child.kill('SIGKILL');
      await closed;
    },
  });
}

function start(program: string, script: readonly string[]): Promise<ChildProcessWithoutNullStreams | null> {
  const child = spawn(program, [...script, ...protocols.map(String)]);
  child.stderr.resume();
  return new Promise((resolve) => {
    child.on('error', () => resolve(null));
    child.on('spawn', () => resolve(child));
  });
}
