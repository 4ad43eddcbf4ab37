import { strengths } from '../../identity/index.ts';
import type { TiersNode } from '../nodes.ts';
import {
  type ApproverKind,
  approverKinds,
  type BreakGlassTier,
  type ConfirmMode,
  confirmModes,
  defaultTiers,
  type Tier,
  type TierName,
} from '../tiers.ts';
import type { DocumentHead } from './parse-service.ts';
import type { PlainEntry } from './plain-node.ts';
import { type ReadMap, readMap } from './read-map.ts';
import { type Bounds, readCount, readDuration, readSize } from './read-quantity.ts';
import { readChoice, readList } from './read-value.ts';
import type { SourceFile } from './source-file.ts';

// A second for trials; what lasts longer than these is a rule and goes through the review of a policy.
const longestBounds: Readonly<Record<TierName, Bounds>> = {
  low: ['1s', '90d'],
  medium: ['1s', '30d'],
  high: ['1s', '7d'],
};

/** Parses a `tiers:` document. What it leaves out is as in `defaultTiers`. */
export function parseTiers(map: ReadMap, head: DocumentHead, file: SourceFile): TiersNode | null {
  const entry = map.get('tiers');
  const body = entry === null ? null : readMap(entry.value, 'tiersBody', '`tiers`', file);
  if (body === null) return null;
  return {
    ...head,
    kind: 'tiers',
    tiers: {
      low: parseTier(body, 'low', file),
      medium: parseTier(body, 'medium', file),
      high: parseTier(body, 'high', file),
      breakGlass: parseBreakGlass(body.get('break-glass'), file),
    },
  };
}

function parseTier(body: ReadMap, name: TierName, file: SourceFile): Tier {
  const usual = defaultTiers[name];
  const entry = body.get(name);
  const map = entry === null ? null : readMap(entry.value, 'tier', `tier \`${name}\``, file);
  if (map === null) return usual;
  const duration = (key: string, bounds: Bounds, otherwise: number): number =>
    readDuration(map.get(key), bounds, otherwise, file);
  const longestMs = duration('longest', longestBounds[name], usual.longestMs);
  const review = map.get('reviewWithin');
  return {
    quorum: readCount(map.get('quorum'), [1, 5], usual.quorum, file),
    approvers: readApprovers(map.get('approvers'), usual.approvers, file),
    confirm: readConfirm(map, usual.confirm, file),
    longestMs,
    cumulativeMs: readCumulative(map, { longestMs, usualMs: usual.cumulativeMs, bounds: ['1s', '90d'] }, file),
    repeats: readCount(map.get('repeats'), [1, 1_000], usual.repeats, file),
    pendingMs: duration('pending', ['1s', '14d'], usual.pendingMs),
    startWithinMs: duration('startWithin', ['1s', '7d'], usual.startWithinMs),
    drainMs: duration('drain', ['0s', '60s'], usual.drainMs),
    strength: readStrength(map, usual.strength, file),
    reviewWithinMs: review === null ? usual.reviewWithinMs : duration('reviewWithin', ['1s', '90d'], 0),
  };
}

/** The ceilings of break-glass are its defaults: a document can only lower them. */
function parseBreakGlass(entry: PlainEntry | null, file: SourceFile): BreakGlassTier {
  const usual = defaultTiers.breakGlass;
  const map = entry === null ? null : readMap(entry.value, 'breakGlass', 'tier `break-glass`', file);
  if (map === null) return usual;
  const duration = (key: string, bounds: Bounds, otherwise: number): number =>
    readDuration(map.get(key), bounds, otherwise, file);
  const longestMs = duration('longest', ['1s', '1h'], usual.longestMs);
  return {
    longestMs,
    cumulativeMs: readCumulative(map, { longestMs, usualMs: usual.cumulativeMs, bounds: ['1s', '1d'] }, file),
    maxBytesUp: readSize(map.get('bytesUp'), ['1B', '1GiB'], usual.maxBytesUp, file),
    acknowledgeWithinMs: duration('acknowledgeWithin', ['1s', '10m'], usual.acknowledgeWithinMs),
    reviewWithinMs: duration('reviewWithin', ['1s', '7d'], usual.reviewWithinMs),
    signatures: readCount(map.get('signatures'), [2, 5], usual.signatures, file),
    confirm: readConfirm(map, usual.confirm, file),
    strength: readStrength(map, usual.strength, file),
  };
}

interface Cumulative {
  readonly longestMs: number;
  readonly usualMs: number;
  readonly bounds: Bounds;
}

/** The usual cap moves up with the longest where only that is written; a written cap below it would refuse what the tier allows. */
function readCumulative(map: ReadMap, { longestMs, usualMs, bounds }: Cumulative, file: SourceFile): number {
  const entry = map.get('cumulative');
  const cumulativeMs = readDuration(entry, bounds, Math.max(usualMs, longestMs), file);
  if (entry !== null && cumulativeMs < longestMs)
    file.report('quantity_malformed', entry.value.offset, '`cumulative` must be at least `longest`');
  return cumulativeMs;
}

function readApprovers(
  entry: PlainEntry | null,
  usual: readonly ApproverKind[],
  file: SourceFile,
): readonly ApproverKind[] {
  if (entry === null) return usual;
  const items = readList(entry, '`approvers`', file);
  if (entry.value.kind === 'list' && items.length === 0)
    file.report('value_malformed', entry.value.offset, '`approvers` must list at least one');
  const kinds = new Set<ApproverKind>();
  for (const item of items) {
    const kind = readChoice(item, approverKinds, 'approver', file);
    if (kind !== null) kinds.add(kind);
  }
  return [...kinds];
}

function readStrength(map: ReadMap, usual: Tier['strength'], file: SourceFile): Tier['strength'] {
  const entry = map.get('strength');
  return entry === null ? usual : readChoice(entry.value, strengths, '`strength`', file);
}

function readConfirm(map: ReadMap, usual: ConfirmMode, file: SourceFile): ConfirmMode {
  const entry = map.get('confirm');
  return (entry === null ? null : readChoice(entry.value, confirmModes, '`confirm`', file)) ?? usual;
}
