import { createHash } from 'node:crypto';
import { type Clock, type Fault, fault, type Result } from '../base/index.ts';
import { readBounded } from './read-bounded.ts';
import type { TrustLog } from './trust-options.ts';

/** Something that is wrong now: which part, a stable code, a sentence, since when (epoch milliseconds). */
export interface TrustProblem {
  readonly part: string;
  readonly code: string;
  readonly message: string;
  readonly since: number;
}

/** One piece of trust material that is kept from files. `value` is null until a first good load. */
export interface FilePart<T> {
  readonly name: string;
  readonly paths: readonly string[];
  readonly value: T | null;
  readonly problem: TrustProblem | null;
  /** Reads the files again; true when other, good material came in. What is broken keeps the old material. */
  load(): Promise<boolean>;
}

/** What a {@link FilePart} is made of. `parse` gets the texts in the order of `paths` and what is in force (or null). */
export interface FilePartOptions<T> {
  readonly name: string;
  readonly paths: readonly string[];
  readonly parse: (texts: readonly string[], inForce: T | null) => Result<T> | Promise<Result<T>>;
  readonly clock: Clock;
  readonly log: TrustLog;
}

/** Makes a part; nothing is read until `load`. */
export function createFilePart<T>(options: FilePartOptions<T>): FilePart<T> {
  let value: T | null = null;
  let digest = '';
  let problem: TrustProblem | null = null;
  const note = (fault: Fault | null): void => {
    if (fault === null) {
      problem = null;
      return;
    }
    if (problem?.message === fault.message) return;
    problem = { part: options.name, code: fault.code, message: fault.message, since: options.clock.now() };
    options.log.error({ part: options.name, code: fault.code, keeping: value !== null }, fault.message);
  };
  return {
    name: options.name,
    paths: options.paths,
    get value() {
      return value;
    },
    get problem() {
      return problem;
    },
    async load() {
      const texts = await readAll(options.paths);
      if (!texts.ok) return settle(note, texts.fault);
      const read = digestOf(texts.value);
      if (read === digest) return settle(note, null);
      const parsed = await options.parse(texts.value, value);
      if (!parsed.ok) return settle(note, naming(options.paths, parsed.fault));
      value = parsed.value;
      digest = read;
      note(null);
      options.log.info({ part: options.name }, 'trust material loaded');
      return true;
    },
  };
}

// What is wrong inside a file is told by its parser, which does not know where it lies.
function naming(paths: readonly string[], { code, message }: Fault): Fault {
  return fault(code, `${paths.map((path) => `\`${path}\``).join(', ')}: ${message}`);
}

function settle(note: (fault: Fault | null) => void, fault: Fault | null): false {
  note(fault);
  return false;
}

async function readAll(paths: readonly string[]): Promise<Result<readonly string[]>> {
  const texts: string[] = [];
  for (const path of paths) {
    const text = await readBounded(path);
    if (!text.ok) return text;
    texts.push(text.value);
  }
  return { ok: true, value: texts };
}

function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex');
}
