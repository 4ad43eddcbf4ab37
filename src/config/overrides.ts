import { nearestWord } from '../base/index.ts';
import type { KeyPath } from './config-document.ts';
import type { ConfigFault } from './config-fault.ts';
import { type ConfigKey, configKeys } from './config-keys.ts';

/** One value that came from outside the file. `origin` is what people are shown: `EXEAT_STATE` or `--state`. */
export interface Override {
  readonly path: KeyPath;
  readonly value: unknown;
  readonly origin: string;
}

/** What the environment and the flags say, the environment first so that flags win, and what is wrong with it. */
export interface Overrides {
  readonly overrides: readonly Override[];
  readonly faults: readonly ConfigFault[];
}

/** Collects overrides. `flags` maps key paths (`listen.proxy`) to text. Unknown flags, and variables that nearly are ours, are faults. */
export function collectOverrides(
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, string | undefined>>,
): Overrides {
  const keys = configKeys().filter((key) => key.variable !== null);
  const fromEnv = keys.flatMap((key) => toOverride(key, env[key.variable ?? ''], key.variable ?? ''));
  const fromFlags = keys.flatMap((key) => toOverride(key, flags[key.path], `--${key.path}`));
  const faults = [...misspeltVariables(env, keys), ...unknownFlags(flags, keys)];
  return { overrides: [...fromEnv, ...fromFlags], faults };
}

/** Sets an override in the plain value of the file. The value is ours to change: it was parsed for this one load. */
export function applyOverride(root: Record<string, unknown>, override: Override): void {
  let here = root;
  for (const step of override.path.slice(0, -1)) {
    const next = here[step];
    // A section that is absent or null is begun; one of a wrong kind is replaced, the flag being the later word.
    const section = typeof next === 'object' && next !== null ? (next as Record<string, unknown>) : {};
    here[step] = section;
    here = section;
  }
  here[String(override.path.at(-1))] = override.value;
}

/** What a command that is meant for one use says of the configuration, by key path. */
export interface CommandValues {
  /** Values for where nothing else says one. Default: none. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Values that it was given. Default: none. */
  readonly given?: Readonly<Record<string, unknown>>;
}

/** Sets what a command was given, and what it stands for where the file says nothing. */
export function applyCommand(root: Record<string, unknown>, { defaults = {}, given = {} }: CommandValues): void {
  for (const [path, value] of Object.entries(defaults)) applyDefault(root, path, value);
  for (const [path, value] of Object.entries(given)) {
    applyOverride(root, { path: path.split('.'), value, origin: 'command' });
  }
}

// Where the file has nothing, or null.
function applyDefault(root: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.');
  const there = steps.reduce<unknown>(
    (here, step) => (typeof here === 'object' && here !== null ? (here as Record<string, unknown>)[step] : undefined),
    root,
  );
  if (there === undefined || there === null) applyOverride(root, { path: steps, value, origin: 'default' });
}

function toOverride(key: ConfigKey, text: string | undefined, origin: string): readonly Override[] {
  if (text === undefined) return [];
  return [{ path: key.path.split('.'), value: readValue(key, text), origin }];
}

function readValue(key: ConfigKey, text: string): unknown {
  if (text === 'null') return null;
  if (key.shape === 'list') return text === '' ? [] : text.split(',').map((part) => part.trim());
  if (key.shape === 'number' && /^\d{1,15}$/.test(text)) return Number(text);
  if (key.shape === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}

function misspeltVariables(
  env: Readonly<Record<string, string | undefined>>,
  keys: readonly ConfigKey[],
): readonly ConfigFault[] {
  const known = keys.map((key) => key.variable ?? '');
  return Object.keys(env).flatMap((name): readonly ConfigFault[] => {
    if (!name.startsWith('EXEAT_') || name === 'EXEAT_CONFIG' || known.includes(name)) return [];
    // Kubernetes and others make up variables such as EXEAT_SERVICE_HOST, so only a near miss is taken for a mistake.
    const meant = nearestWord(name, known);
    if (meant === null) return [];
    return [outside('variable_unknown', `unknown variable \`${name}\`, did you mean \`${meant}\`?`, 'environment')];
  });
}

function unknownFlags(
  flags: Readonly<Record<string, string | undefined>>,
  keys: readonly ConfigKey[],
): readonly ConfigFault[] {
  const known = new Set(keys.map((key) => key.path));
  return Object.keys(flags)
    .filter((path) => !known.has(path))
    .map((path) => outside('flag_unknown', `\`${path}\` is not a key that a flag can set`, 'flags'));
}

function outside(code: ConfigFault['code'], message: string, origin: string): ConfigFault {
  return { code, message, origin, line: null, column: null };
}
