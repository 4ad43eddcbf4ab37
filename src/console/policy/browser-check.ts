import type { FoundAt } from '../../api/contract/index.ts';
import { checkPolicyInSteps, type ParsedPolicyFile, type PolicyCheck, parsePolicyFile } from '../../policy/index.ts';

/** What the engine says of the files as they are written: the same as `exeat policy check`. */
export interface Checked {
  readonly found: readonly FoundAt[];
  readonly testsPassed: number;
  readonly testsFailed: number;
  /** The file of each service. */
  readonly fileOf: ReadonlyMap<string, string>;
}

/** Checks files again and again while somebody types; parses only what changed. */
export interface BrowserCheck {
  /** Null where the signal ended it first. Rejects only for defects of ours. */
  run(files: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Checked | null>;
}

// A frame has 16 ms; what takes longer than this gives way to whoever types.
const sliceMs = 8;
const mostFound = 500;

/** Makes the check of one page. */
export function createBrowserCheck(): BrowserCheck {
  const parses = new Map<string, Parsed>();
  const seed = crypto.getRandomValues(new Uint8Array(16));
  return {
    run: (files, signal) => {
      for (const path of parses.keys()) if (!files.has(path)) parses.delete(path);
      return walk(checkInSteps(files, parses, seed), signal);
    },
  };
}

/** Takes steps as long as a slice lasts, then lets others have their turn. */
async function walk(steps: Generator<undefined, Checked | null>, signal: AbortSignal): Promise<Checked | null> {
  while (!signal.aborted) {
    const until = performance.now() + sliceMs;
    while (performance.now() < until) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return null;
}

interface Parsed {
  readonly text: string;
  readonly parsed: ParsedPolicyFile;
}

function* checkInSteps(
  files: ReadonlyMap<string, string>,
  parses: Map<string, Parsed>,
  seed: Uint8Array,
): Generator<undefined, Checked | null> {
  for (const [path, text] of files) {
    if (parses.get(path)?.text !== text) parses.set(path, { text, parsed: parsePolicyFile(path, text) });
    yield;
  }
  const parsed = [...parses.values()].map((one) => one.parsed);
  const checked = yield* checkPolicyInSteps(parsed, { version: 'proposed', seed, now: Date.now() });
  return checked.ok ? toChecked(checked.value.check, parsed) : null;
}

const order = { error: 0, warning: 1, note: 2 } as const;

function toChecked({ faults, findings, tests }: PolicyCheck, parsed: readonly ParsedPolicyFile[]): Checked {
  const failures = tests.flatMap(({ message, at, expect, to }) =>
    message === null
      ? []
      : [
          {
            severity: 'test',
            rule: 'test-failed',
            message: `\`${expect}: ${to}\`: ${message}`,
            mend: null,
            ...at,
          } as const,
        ],
  );
  return {
    found: [
      ...faults.map(
        ({ code, message, mend, at }) => ({ severity: 'fault', rule: code, message, mend, ...at }) as const,
      ),
      ...failures,
      ...findings
        .toSorted((one, other) => order[one.severity] - order[other.severity])
        .map(({ severity, rule, message, mend, at }) => ({ severity, rule, message, mend, ...at })),
    ].slice(0, mostFound),
    testsPassed: tests.length - failures.length,
    testsFailed: failures.length,
    fileOf: new Map(
      parsed.flatMap(({ path, documents }) =>
        documents.flatMap((one) => (one.kind === 'service' ? [[one.name, path] as const] : [])),
      ),
    ),
  };
}
