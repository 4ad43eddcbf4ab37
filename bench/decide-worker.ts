import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { compilePolicy, type PolicyTree, verifyPolicyBuffer } from '../src/policy/index.ts';
import { benchTree, type PolicySize } from './decide-policy.ts';

/** What the worker tells after each compilation. `compileMs` is from parsed nodes to the checked buffer. */
export interface Compiled {
  readonly shared: SharedArrayBuffer;
  readonly compileMs: number;
}

if (parentPort !== null) serve(parentPort, workerData as PolicySize);

/** Compiles the policy of the bench each time it is asked; from the second time on with one changed document, as after a reload. */
function serve(port: MessagePort, size: PolicySize): void {
  let tree: PolicyTree = benchTree(size);
  port.on('message', (round: number) => {
    const [, changed] = benchTree({ services: 1, rulesPerService: size.rulesPerService + round }).documents;
    if (round > 0 && changed !== undefined) tree = { documents: tree.documents.with(1, changed) };
    port.postMessage(compile(tree, round));
  });
}

function compile(tree: PolicyTree, round: number): Compiled {
  const started = performance.now();
  const seed = crypto.getRandomValues(new Uint8Array(16));
  const compiled = compilePolicy(tree, { version: `sha256:${round}`, seed });
  if (!compiled.ok) throw new Error(compiled.fault.message);
  const shared = new SharedArrayBuffer(compiled.value.byteLength);
  const bytes = new Uint8Array(shared);
  bytes.set(compiled.value);
  const damage = verifyPolicyBuffer(bytes);
  if (damage !== null) throw new Error(damage);
  return { shared, compileMs: performance.now() - started };
}
