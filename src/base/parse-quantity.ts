import { type Fault, fault } from './fault.ts';
import { failed, ok, type Result } from './result.ts';

/** Units of duration in milliseconds. Months and years are left out: their length varies. */
const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Units of size in bytes. Only binary ones, so that nobody has to ask which thousand was meant (IEC 80000-13). */
const sizeUnits: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Reads a duration such as `15m`, `8h` or `7d` as milliseconds. Faults: `duration_malformed`. */
export function parseDuration(text: string): Result<number, Fault> {
  const amount = parseAmount(text, durationUnits);
  if (amount !== null) return ok(amount);
  return failed(
    fault(
      'duration_malformed',
      `\`${text}\` is not a duration, write a whole number and one of ms, s, m, h, d, such as \`15m\``,
    ),
  );
}

/** Reads a size such as `64MiB` or `5GiB` as bytes. Faults: `size_malformed`. */
export function parseSize(text: string): Result<number, Fault> {
  const amount = parseAmount(text, sizeUnits);
  if (amount !== null) return ok(amount);
  return failed(
    fault(
      'size_malformed',
      `\`${text}\` is not a size, write a whole number and one of B, KiB, MiB, GiB, TiB, such as \`5GiB\``,
    ),
  );
}

function parseAmount(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d{1,15})([A-Za-z]{1,3})$/.exec(text);
  const unit = match?.[2];
  if (unit === undefined || !Object.hasOwn(units, unit)) return null;
  const amount = Number(match?.[1]) * (units[unit] ?? 0);
  return Number.isSafeInteger(amount) ? amount : null;
}
