import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { forceFolder } from './replace-file.ts';

/** A source file of a policy: path relative to the policy folder, and its text. */
export interface PolicySource {
  readonly path: string;
  readonly text: string;
}

/** A version that comes into force: its sources, and the ids of the rules that let something out. */
export interface PolicyInForce {
  readonly files: readonly PolicySource[];
  readonly ruleIds: readonly string[];
  readonly atMs: number;
}

/** From when to when a version was in force, epoch milliseconds; `toMs` is null while it still is. */
export interface InForce {
  readonly policyVersion: string;
  readonly fromMs: number;
  readonly toMs: number | null;
}

/** Every policy version that was ever in force, with its sources. One writer (control); readers may be elsewhere. */
export interface PolicyHistory {
  /** Keeps the sources and notes that the version is in force from `atMs`. The version already in force is not noted twice. */
  recordInForce(policyVersion: string, policy: PolicyInForce): Promise<Result<null>>;
  /** Since when, without a break, each rule was in force at an instant; epoch milliseconds by rule id. */
  rulesSince(atMs: number): ReadonlyMap<string, number>;
  /** Which version was in force at an instant, or null before the first. */
  whatWasInForceAt(atMs: number): InForce | null;
  /** Every interval, oldest first. */
  intervals(): readonly InForce[];
  /** The folder that holds the sources of a version, or null when it is not kept. */
  folderOf(policyVersion: string): string | null;
}

const logName = 'history.ndjson';
const rulesName = 'rules.ndjson';
const versionText = /^sha256:([0-9a-f]{64})$/;

/** Opens the history in a folder (`state/policy`). Nothing is made before the first version is recorded. */
export function openPolicyHistory(dir: string): PolicyHistory {
  const intervals = (): readonly InForce[] => readIntervals(join(dir, logName));
  return {
    recordInForce: (policyVersion, policy) => recordInForce(dir, policyVersion, policy),
    rulesSince: (atMs) => foldRules(readLines(join(dir, rulesName), parseRuleChange), atMs),
    whatWasInForceAt: (atMs) =>
      intervals().findLast((one) => one.fromMs <= atMs && (one.toMs ?? atMs + 1) > atMs) ?? null,
    intervals,
    folderOf: (policyVersion) => {
      const digest = versionText.exec(policyVersion)?.[1];
      return digest !== undefined && existsSync(join(dir, digest)) ? join(dir, digest) : null;
    },
  };
}

async function recordInForce(
  dir: string,
  policyVersion: string,
  { files, ruleIds, atMs }: PolicyInForce,
): Promise<Result<null>> {
  const digest = versionText.exec(policyVersion)?.[1];
  if (digest === undefined)
    return failed(fault('policy_version_malformed', `\`${policyVersion}\` is not a policy version`));
  const stray = files.find((file) => !isInside(file.path));
  if (stray !== undefined)
    return failed(fault('policy_path_outside', `\`${stray.path}\` is outside the policy folder`));
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (!existsSync(join(dir, digest))) await keepSources(dir, digest, files);
    const last = readIntervals(join(dir, logName)).at(-1);
    if (last?.policyVersion !== policyVersion) {
      // A clock that was set back must not make an interval end before it began.
      const fromMs = Math.max(atMs, last?.fromMs ?? atMs);
      // Before the version counts: a rule that is in force is never one of unknown age.
      await noteRules(join(dir, rulesName), ruleIds, fromMs);
      await appendForced(
        join(dir, logName),
        JSON.stringify({ policyVersion, fromMs, from: new Date(fromMs).toISOString() }),
      );
    }
    return ok(null);
  } catch (error) {
    return failed(historyFault(dir, error));
  }
}

function historyFault(dir: string, error: unknown): Fault {
  const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  return fault(
    'policy_history_unwritable',
    `policy history \`${dir}\` cannot be written (${why}), mend the folder or free the disk`,
  );
}

function isInside(path: string): boolean {
  const plain = normalize(path);
  return (
    plain !== '' && !plain.startsWith(sep) && plain !== '..' && !plain.startsWith(`..${sep}`) && !plain.includes('\0')
  );
}

/** Written beside its place and renamed: a folder with a digest's name is whole. */
async function keepSources(dir: string, digest: string, files: readonly PolicySource[]): Promise<void> {
  for (const name of readdirSync(dir)) {
    if (name.startsWith('.') && name.endsWith('.tmp')) rmSync(join(dir, name), { recursive: true });
  }
  const temporary = join(dir, `.${digest}.tmp`);
  mkdirSync(temporary, { mode: 0o700 });
  for (const file of files) {
    const path = join(temporary, file.path);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await appendForced(path, file.text, '');
  }
  await rename(temporary, join(dir, digest));
  await forceFolder(dir);
}

async function appendForced(path: string, text: string, end = '\n'): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    // A line that a kill cut short must not swallow this one: begin on a new line. Empty lines are passed over.
    const isCut = end !== '' && (await file.stat()).size > 0;
    await file.writeFile(`${isCut ? '\n' : ''}${text}${end}`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Each version is in force until the next one: a stopped product enforces its last policy again when it starts. */
function readIntervals(path: string): readonly InForce[] {
  const starts = readLines(path, parseStart);
  return starts.map((start, index) => ({ ...start, toMs: starts[index + 1]?.fromMs ?? null }));
}

function readLines<T>(path: string, parse: (data: Readonly<Record<string, unknown>>) => T | null): readonly T[] {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = parse(JSON.parse(line) as Readonly<Record<string, unknown>>);
      return parsed === null ? [] : [parsed];
    } catch {
      // An empty line, or one that a kill cut short.
      return [];
    }
  });
}

function parseStart({ policyVersion, fromMs }: Readonly<Record<string, unknown>>): Omit<InForce, 'toMs'> | null {
  if (typeof policyVersion !== 'string' || !versionText.test(policyVersion) || !Number.isSafeInteger(fromMs))
    return null;
  return { policyVersion, fromMs: fromMs as number };
}

/** Which rules came into force at an instant, and which ended. */
interface RuleChange {
  readonly fromMs: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

function parseRuleChange({ fromMs, added, removed }: Readonly<Record<string, unknown>>): RuleChange | null {
  if (!Number.isSafeInteger(fromMs) || !Array.isArray(added) || !Array.isArray(removed)) return null;
  return { fromMs: fromMs as number, added: added as string[], removed: removed as string[] };
}

function foldRules(changes: readonly RuleChange[], atMs: number): Map<string, number> {
  const since = new Map<string, number>();
  for (const { fromMs, added, removed } of changes) {
    if (fromMs > atMs) break;
    for (const id of removed) since.delete(id);
    for (const id of added) since.set(id, fromMs);
  }
  return since;
}

async function noteRules(path: string, ruleIds: readonly string[], fromMs: number): Promise<void> {
  const known = foldRules(readLines(path, parseRuleChange), fromMs);
  const now = new Set(ruleIds);
  const added = [...now].filter((id) => !known.has(id));
  const removed = [...known.keys()].filter((id) => !now.has(id));
  if (added.length + removed.length === 0) return;
  await appendForced(path, JSON.stringify({ fromMs, added, removed }));
}
