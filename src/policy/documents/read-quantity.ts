import { type Fault, parseDuration, parseSize, type Result } from '../../base/index.ts';
import type { PlainEntry } from './plain-node.ts';
import { shorten } from './read-map.ts';
import { readText } from './read-value.ts';
import type { SourceFile } from './source-file.ts';

/** The least and the most that a quantity may be, both included, as a policy writes them: `['15m', '14d']`. */
export type Bounds = readonly [least: string, most: string];

/** Reads a duration such as `8h` as milliseconds. A missing key is `otherwise`, and so is one that was reported. */
export function readDuration(entry: PlainEntry | null, bounds: Bounds, otherwise: number, file: SourceFile): number {
  return readQuantity(entry, { bounds, parse: parseDuration }, otherwise, file);
}

/** Reads a size such as `512MiB` as bytes. A missing key is `otherwise`, and so is one that was reported. */
export function readSize(entry: PlainEntry | null, bounds: Bounds, otherwise: number, file: SourceFile): number {
  return readQuantity(entry, { bounds, parse: parseSize }, otherwise, file);
}

/** Reads a whole number between two others. A missing key is `otherwise`, and so is one that was reported. */
export function readCount(
  entry: PlainEntry | null,
  [least, most]: readonly [number, number],
  otherwise: number,
  file: SourceFile,
): number {
  if (entry === null) return otherwise;
  const { value: node, key } = entry;
  const count = node.kind === 'other' ? node.value : null;
  if (typeof count === 'number' && Number.isInteger(count) && count >= least && count <= most) return count;
  file.report('quantity_malformed', node.offset, `\`${key}\` must be a whole number of ${least} to ${most}`);
  return otherwise;
}

interface Quantity {
  readonly bounds: Bounds;
  readonly parse: (text: string) => Result<number, Fault>;
}

function readQuantity(
  entry: PlainEntry | null,
  { bounds: [least, most], parse }: Quantity,
  otherwise: number,
  file: SourceFile,
): number {
  const text = entry === null ? null : readText(entry.value, `\`${entry.key}\``, file);
  if (entry === null || text === null) return otherwise;
  const amount = parse(shorten(text.value));
  const [low, high] = [parse(least), parse(most)];
  if (!amount.ok) file.report('quantity_malformed', text.offset, amount.fault.message);
  else if (low.ok && high.ok && amount.value >= low.value && amount.value <= high.value) return amount.value;
  else
    file.report(
      'quantity_malformed',
      text.offset,
      `\`${entry.key}\` \`${shorten(text.value)}\` is outside \`${least}\` to \`${most}\``,
    );
  return otherwise;
}
