import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type CompiledPolicy,
  comparePolicies,
  compilePolicy,
  decide,
  type Finding,
  findLongObserve,
  joinPolicyFiles,
  listRules,
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
import { createPolicyLibrary } from './policy-library.ts';
import {
  type FromPolicyWorker,
  maxFaultLines,
  maxToldFacts,
  type PolicyOutcome,
  type PolicyWorkerData,
  type ToPolicyWorker,
} from './policy-outcome.ts';

// The worker of control: keeps the nodes of every file between looks, so that a reload parses only what changed.
// It writes the snapshot itself: a hundred megabytes need not cross threads twice.

const { policy: folder, state } = workerData as PolicyWorkerData;
const paths = statePaths(state);
let files: ReadonlyMap<string, PolicyFile> = new Map();
const parses = new Map<PolicyFile, ParsedPolicyFile>();

const library = createPolicyLibrary(paths.policy);
let goes: ((refusal: string | null) => void) | null = null;

parentPort?.on('message', (told: ToPolicyWorker) => {
  if (told.kind === 'look') void look(told.isForced).then((outcome) => say({ kind: 'outcome', outcome }));
  if (told.kind === 'go') goes?.(told.refusal);
  if (told.kind === 'question') say({ kind: 'answer', id: told.id, answer: library.answer(told.question) });
});

function say(message: FromPolicyWorker): void {
  parentPort?.postMessage(message);
}

async function look(isForced: boolean): Promise<PolicyOutcome> {
  try {
    const began = Date.now();
    const read = readPolicyFolder(folder, files);
    if (!read.ok) return refuse([read.fault.message]);
    if (!isForced && isSame(files, read.value)) return { kind: 'unchanged' };
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
  const trouble = (await announce(tree, version)) ?? (await write(compiled.value, version, tree));
  if (trouble !== null) return refuse([trouble]);
  library.putInForce(version, tree);
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

// Told before it is in force, and only where something changed: a restart puts the same policy in force again.
async function announce(tree: PolicyTree, version: string): Promise<string | null> {
  const before = library.latest();
  if (before?.version === version) return null;
  const { added, removed, isWidening } = comparePolicies(before?.tree ?? null, tree);
  const answered = new Promise<string | null>((resolve) => {
    goes = resolve;
  });
  say({
    kind: 'change',
    change: {
      version,
      before: before?.version ?? null,
      isWidening,
      added: added.slice(0, maxToldFacts),
      removed: removed.slice(0, maxToldFacts),
      addedCount: added.length,
      removedCount: removed.length,
    },
  });
  return answered;
}

// The history first: a version that decides is never one whose sources were not kept.
async function write(policy: Uint8Array, version: string, tree: PolicyTree): Promise<string | null> {
  const now = Date.now();
  const key = await createSigningKey(paths.keys);
  if (!key.ok) return key.fault.message;
  const ruleIds = listRules(tree).flatMap(({ list, id }) => (list === 'allow' ? [id] : []));
  const kept = await openPolicyHistory(paths.policy).recordInForce(version, {
    files: [...files.values()],
    ruleIds,
    atMs: now,
  });
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
