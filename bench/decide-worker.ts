import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { lowerPriority } from '../src/app/index.ts';
import { compilePolicy, type PolicyTree, verifyPolicyBuffer } from '../src/policy/index.ts';
import { benchTree, type PolicySize } from './decide-policy.ts';

/** What control is asked: to compile the policy (with one changed document from round 1 on) and write it to `path`. */
export interface CompileOrder {
  readonly size: PolicySize;
  readonly round: number;
  readonly path: string;
}

/** What control answers: the time from parsed nodes to the buffer. */
export interface Compiled {
  readonly compileMs: number;
}

let tree: PolicyTree | null = null;

// As in the product: control is a process of its own and compiles; a worker of the point reads the file into shared memory.
if (parentPort !== null) parentPort.on('message', (path: string) => parentPort?.postMessage(load(path)));
else if (process.argv[2] === 'control') {
  lowerPriority();
  process.on('message', (order: CompileOrder) => process.send?.(compile(order)));
}

function load(path: string): SharedArrayBuffer {
  const file = openSync(path, 'r');
  try {
    const shared = new SharedArrayBuffer(fstatSync(file).size);
    const bytes = new Uint8Array(shared);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(file, bytes, at, Math.min(1 << 20, bytes.length - at), at);
      if (read === 0) throw new Error('the file is shorter than it was');
      at += read;
    }
    const damage = verifyPolicyBuffer(bytes);
    if (damage !== null) throw new Error(damage);
    return shared;
  } finally {
    closeSync(file);
  }
}

function compile({ size, round, path }: CompileOrder): Compiled {
  tree ??= benchTree(size);
  const [, changed] = benchTree({ services: 1, rulesPerService: size.rulesPerService + round }).documents;
  if (round > 0 && changed !== undefined) tree = { documents: tree.documents.with(1, changed) };
  const started = performance.now();
  const compiled = compilePolicy(tree, {
    version: `sha256:${round}`,
    seed: crypto.getRandomValues(new Uint8Array(16)),
  });
  if (!compiled.ok) throw new Error(compiled.fault.message);
  const compileMs = performance.now() - started;
  writeFileSync(path, compiled.value);
  return { compileMs };
}
