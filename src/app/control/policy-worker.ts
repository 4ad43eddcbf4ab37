import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type CompiledPolicy,
  compilePolicy,
  decide,
  type Finding,
  findLongObserve,
  joinPolicyFiles,
  openPolicy,
  type ParsedPolicyFile,
  type PolicyTree,
  parsePolicyFile,
  renderFault,
  runPolicyTests,
} from '../../policy/index.ts';
import { createSigningKey, openPolicyHistory, writeSnapshot } from '../../snapshot/index.ts';
import { versionOf } from '../compile-folder.ts';
import { statePaths } from '../state-folder.ts';
import { type PolicyFile, readPolicyFolder } from './policy-folder.ts';
import { maxFaultLines, type PolicyOutcome, type PolicyWorkerAsk, type PolicyWorkerData } from './policy-outcome.ts';

// The worker of control: keeps the nodes of every file between looks, so that a reload parses only what changed.
// It writes the snapshot itself: a hundred megabytes need not cross threads twice.

const { policy: folder, state } = workerData as PolicyWorkerData;
const paths = statePaths(state);
let files: ReadonlyMap<string, PolicyFile> = new Map();
const parses = new Map<PolicyFile, ParsedPolicyFile>();

parentPort?.on('message', (ask: PolicyWorkerAsk) => {
  void look(ask).then((outcome) => parentPort?.postMessage(outcome));
});

async function look(ask: PolicyWorkerAsk): Promise<PolicyOutcome> {
  try {
    const began = Date.now();
    const read = readPolicyFolder(folder, files);
    if (!read.ok) return refuse([read.fault.message]);
    if (!ask.isForced && isSame(files, read.value)) return { kind: 'unchanged' };
    files = read.value;
    // An empty folder is a mount that went away or a wrong path, not a wish to deny everybody: the last good policy stays.
    if (files.size === 0) return refuse([`\`${folder}\` holds no policy files (\`*.yaml\`), see the \`policy:\` key`]);
    return await compile(began);
  } catch (error) {
    return refuse([`compiling failed: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

async function compile(began: number): Promise<PolicyOutcome> {
  const parsedFileCount = parseChanged();
  const { tree, faults } = joinPolicyFiles(
    [...files.values()].map((file) => parses.get(file) ?? parsePolicyFile(file.path, file.text)),
  );
  if (faults.length > 0) {
    const shown = faults.slice(0, maxFaultLines);
    return refuse(
      shown.map((one) => renderFault(one, null).split('\n', 1)[0] ?? ''),
      faults.length,
    );
  }
  const endless = findLongObserve(tree, Date.now());
  if (endless.length > 0) return refuse(endless.slice(0, maxFaultLines).map(findingLine), endless.length);
  const version = versionOf([...files.values()]);
  const compiled = compilePolicy(tree, { version, seed: randomBytes(16) });
  if (!compiled.ok) return refuse([compiled.fault.message]);
  const opened = openPolicy(compiled.value);
  if (!opened.ok) return refuse([opened.fault.message]);
  const failures = failedTests(tree, opened.value);
  if (failures.length > 0) return refuse(failures.slice(0, maxFaultLines), failures.length);
  const trouble = await write(compiled.value, version);
  if (trouble !== null) return refuse([trouble]);
  const { ruleCount, serviceCount } = opened.value;
  return {
    kind: 'written',
    version,
    ruleCount,
    serviceCount,
    fileCount: files.size,
    parsedFileCount,
    tookMs: Date.now() - began,
  };
}

function findingLine({ at, message, mend }: Finding): string {
  return `${at.file}:${at.line}:${at.column}: ${message}: ${mend}`;
}

function parseChanged(): number {
  const present = new Set(files.values());
  for (const file of parses.keys()) if (!present.has(file)) parses.delete(file);
  let count = 0;
  for (const file of present) {
    if (parses.has(file)) continue;
    parses.set(file, parsePolicyFile(file.path, file.text));
    count += 1;
  }
  return count;
}

function refuse(lines: readonly string[], faultCount: number = lines.length): PolicyOutcome {
  return { kind: 'refused', lines, faultCount };
}

function isSame(before: ReadonlyMap<string, PolicyFile>, now: ReadonlyMap<string, PolicyFile>): boolean {
  return before.size === now.size && [...now].every(([path, file]) => before.get(path) === file);
}

// A policy whose own tests fail does not say what its authors believe: it is refused like one that does not parse.
function failedTests(tree: PolicyTree, policy: CompiledPolicy): readonly string[] {
  return runPolicyTests(tree, policy, { decide, now: Date.now() })
    .filter((result) => !result.passed)
    .map(({ at, message }) => `${at.file}:${at.line}:${at.column}: test failed: ${message}`);
}

// The history first: a version that decides is never one whose sources were not kept.
async function write(policy: Uint8Array, version: string): Promise<string | null> {
  const now = Date.now();
  const key = await createSigningKey(paths.keys);
  if (!key.ok) return key.fault.message;
  const kept = await openPolicyHistory(paths.policy).recordInForce(version, [...files.values()], now);
  if (!kept.ok) return kept.fault.message;
  const header = { sequence: nextSequence(now), policyVersion: version, createdAtMs: now, revokedIdentities: [] };
  const written = await writeSnapshot({ path: paths.snapshot, policy, header, signingKey: key.value.privateKey });
  return written.ok ? null : written.fault.message;
}

// Rises even when the clock steps back: the last number is kept beside the snapshot.
function nextSequence(now: number): number {
  const path = join(paths.control, 'sequence');
  let last = 0;
  try {
    last = Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    // None was written yet.
  }
  const next = Math.max(now, last + 1);
  writeFileSync(path, String(next), { mode: 0o600 });
  return next;
}
