import { readFileSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { z } from 'zod';
import { failed, ok, type Result } from '../base/index.ts';
import type { Config } from './config.ts';
import { type ConfigDocument, type PlaceFinder, parseConfigDocument } from './config-document.ts';
import type { ConfigFault } from './config-fault.ts';
import { createConfigSchema, type ParsedConfig } from './config-schema.ts';
import { issueFaults } from './issue-faults.ts';
import { applyCommand, applyOverride, type CommandValues, collectOverrides, type Override } from './overrides.ts';
import { ownListenerTrouble } from './own-listeners.ts';

/** What to load. */
export interface LoadConfigOptions extends CommandValues {
  /** The file given by `--config`, or null for `EXEAT_CONFIG` and then `./exeat.yaml`. Default: null. */
  readonly path?: string | null;
  /** The environment, usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Key paths with their text, from flags of a command: `{ 'listen.proxy': '127.0.0.1:0' }`. Default: none. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

/** Far above any real file; a larger one is not a configuration. */
const maxConfigBytes = 1024 * 1024;

/**
 * Loads the configuration: flag, then `EXEAT_*`, then file, then default. The result is filled, frozen, and has no undefined in it.
 * Faults: every one that was found, each with its place.
 */
export function loadConfig(options: LoadConfigOptions): Result<Config, readonly ConfigFault[]> {
  const file = resolve(options.path ?? options.env['EXEAT_CONFIG'] ?? './exeat.yaml');
  const origin = shownPath(file);
  const text = readConfigText(file, origin);
  if (!text.ok) return failed([text.fault]);
  const document = parseConfigDocument(text.value, origin);
  if (!document.ok) return document;
  const { overrides, faults } = collectOverrides(options.env, options.flags ?? {});
  const place = placeFinder(document.value, overrides, origin);
  const early = [...faults];
  for (const override of overrides) applyOverride(document.value.value, override);
  applyCommand(document.value.value, options);
  const parsed = createConfigSchema(dirname(file)).safeParse(document.value.value);
  if (!parsed.success) return failed([...early, ...schemaFaults(parsed.error, document.value.value, place)]);
  const own = ownListenerTrouble(parsed.data.localOrigins, parsed.data.listen);
  if (own !== null)
    early.push({ code: 'value_invalid', message: own.message, ...place(['localOrigins', own.index], null) });
  return early.length > 0 ? failed(early) : ok(fillConfig(parsed.data, file));
}

function shownPath(file: string): string {
  const shown = relative(process.cwd(), file);
  return shown === '' || shown.startsWith('..') ? file : shown;
}

function readConfigText(file: string, origin: string): Result<string, ConfigFault> {
  const complain = (message: string): Result<string, ConfigFault> =>
    failed({ code: 'config_unreadable', message, origin, line: null, column: null });
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return complain('is not a file, name the configuration with `--config FILE`');
    if (stats.size > maxConfigBytes) return complain(`is larger than ${maxConfigBytes} bytes`);
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT')
      return complain('there is no such file, name the configuration with `--config FILE` or `EXEAT_CONFIG`');
    return complain(
      error instanceof TypeError ? 'is not UTF-8 text' : `cannot be read (${code ?? 'unknown'}), mend its permissions`,
    );
  }
}

function placeFinder(document: ConfigDocument, overrides: readonly Override[], origin: string): PlaceFinder {
  return (path, key) => {
    const override = overrides.findLast((one) => one.path.every((step, index) => path[index] === step));
    if (override !== undefined) return { origin: override.origin, line: null, column: null };
    return { origin, ...(key === null ? document.locate(path) : document.locateKey(path, key)) };
  };
}

function schemaFaults(error: z.ZodError, value: unknown, place: PlaceFinder): readonly ConfigFault[] {
  return error.issues.flatMap((issue) => issueFaults(issue, value, place));
}

function fillConfig(parsed: ParsedConfig, file: string): Config {
  const listener = parsed.listen.console ?? parsed.listen.proxy;
  const scheme = parsed.console.tls === null ? 'http' : 'https';
  const url = parsed.console.url ?? `${scheme}://${listener.text}`;
  return deepFreeze({ ...parsed, file, console: { ...parsed.console, url } });
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  }
  return Object.freeze(value);
}
