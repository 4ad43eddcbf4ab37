import { failed, fault, ok, parseDuration, parseSize, type Result } from '../base/index.ts';

/** Reads a flag that is a duration (`8h`) as whole seconds. Fault: `duration_malformed`, with the flag. */
export function parseSeconds(flag: string, text: string): Result<number> {
  const parsed = parseDuration(text);
  if (!parsed.ok) return failed({ ...parsed.fault, message: `${flag}: ${parsed.fault.message}` });
  if (parsed.value >= 1000 && parsed.value % 1000 === 0) return ok(parsed.value / 1000);
  return failed(fault('duration_malformed', `${flag}: \`${text}\` is not whole seconds, write \`30s\` or more`));
}

/** Reads a flag that caps bytes (`1GiB`, or `none` for no bound). Fault: `size_malformed`, with the flag. */
export function parseCap(flag: string, text: string): Result<number | null> {
  if (text === 'none') return ok(null);
  const parsed = parseSize(text);
  return parsed.ok ? parsed : failed({ ...parsed.fault, message: `${flag}: ${parsed.fault.message}` });
}

/**
 * Reads a flag that is an instant as RFC 3339. Dates without a time are midnight UTC. Fault: `instant_malformed`, with the flag.
 */
export function parseMoment(flag: string, text: string): Result<string> {
  const isIso = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text);
  const ms = isIso ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ok(new Date(ms).toISOString());
  return failed(fault('instant_malformed', `${flag} \`${text}\` is no time, write \`2026-12-20T18:00:00Z\``));
}

/** Reads a flag that may be missing: null then. */
export function readOptional<T>(text: string | undefined, parse: (given: string) => Result<T>): Result<T | null> {
  return text === undefined ? ok(null) : parse(text);
}
