import {
  answerKey,
  answerSum,
  applications,
  type Edge,
  type EdgeQuery,
  type FoldedBatch,
  flowKey,
  flowSum,
  initiatorProofs,
  nameKinds,
  nameRanks,
  unpackFacts,
  type WhoRow,
} from '../../src/flowmap/index.ts';

// The join written down a second time, row against row without any cleverness: what the lake's SQL must come to.

/** A batch as it was appended. */
export interface AppendedBatch {
  readonly source: string;
  readonly format: string;
  readonly batch: FoldedBatch;
}

interface FlowRow {
  readonly source: string;
  readonly format: string;
  readonly bucket: number;
  readonly client: string;
  readonly user: string;
  readonly service: string;
  readonly address: string;
  readonly name: string;
  readonly provider: string;
  readonly port: number;
  readonly facts: ReturnType<typeof unpackFacts>;
  readonly connections: number;
  readonly replies: number;
  readonly up: number | null;
  readonly down: number | null;
  readonly denied: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

interface Evidence {
  readonly client: string;
  readonly address: string;
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** A flow with who asked and where to. */
interface NamedRow extends FlowRow {
  readonly who: WhoRow;
  readonly destination: string;
  readonly isName: boolean;
  readonly rank: number;
  readonly candidates: readonly string[];
}

const [bucketsPerDay, bucketsPerHour, most] = [288, 12, 20];

/** The edges of a window, by the reference. */
export function joinByReference(appended: readonly AppendedBatch[], query: EdgeQuery): readonly Edge[] {
  const flows = appended.flatMap(flowsOf);
  const attributed = flows
    .filter(({ bucket }) => isWithin(bucket * 300_000, query))
    .flatMap((flow) => query.who.filter((who) => isOf(flow, who)).map((who) => ({ ...flow, who })));
  const evidence = [...appended.flatMap(answersOf), ...flows.flatMap(sightingOf)];
  const passed = new Set((query.through ?? []).map(({ address }) => address));
  const named = attributed
    .filter(({ who, name, address }) => who.role === 'principal' && (name !== '' || !passed.has(address)))
    .map((flow): NamedRow => ({ ...flow, ...nameOf(flow, evidence) }));
  const groups = groupBy(named, ({ who, destination, isName, port, facts }) =>
    [who.principal, destination, isName, port, facts.protocol].join('\n'),
  );
  return [...groups.values()].map(edgeOf).sort(compareEdges);
}

function isWithin(ms: number, { sinceMs, untilMs }: EdgeQuery): boolean {
  return (sinceMs === null || ms >= sinceMs) && (untilMs === null || ms < untilMs);
}

function isOf(flow: FlowRow, who: WhoRow): boolean {
  const isSame = who.client === flow.client && who.user === flow.user && who.service === flow.service;
  return isSame && who.fromMs <= flow.bucket * 300_000 && flow.bucket * 300_000 < who.untilMs;
}

function flowsOf({ source, format, batch }: AppendedBatch): readonly FlowRow[] {
  const text = (id: number): string => batch.texts[id - 1] ?? '';
  return Array.from({ length: batch.flows.count }, (_, row): FlowRow => {
    const key = (word: keyof typeof flowKey): number => batch.flows.keys[row * 9 + flowKey[word]] ?? 0;
    const sum = (word: keyof typeof flowSum): number => batch.flows.values[row * 7 + flowSum[word]] ?? 0;
    const facts = unpackFacts(key('facts'));
    return {
      source,
      format,
      bucket: key('bucket'),
      client: text(key('client')),
      user: text(key('user')),
      service: text(key('service')),
      address: text(key('address')),
      name: nameKinds[facts.nameKind] === 'reverse' ? '' : text(key('name')),
      provider: text(key('provider')),
      port: key('port'),
      facts,
      connections: sum('connections'),
      replies: sum('replies'),
      up: sum('bytesUp') < 0 ? null : sum('bytesUp'),
      down: sum('bytesDown') < 0 ? null : sum('bytesDown'),
      denied: sum('denied'),
      firstMs: sum('firstMs'),
      lastMs: sum('lastMs'),
    };
  });
}

function answersOf({ batch }: AppendedBatch): readonly Evidence[] {
  const text = (id: number): string => batch.texts[id - 1] ?? '';
  return Array.from({ length: batch.answers.count }, (_, row): Evidence => {
    const key = (word: keyof typeof answerKey): number => batch.answers.keys[row * 10 + answerKey[word]] ?? 0;
    const sum = (word: keyof typeof answerSum): number => batch.answers.values[row * 4 + answerSum[word]] ?? 0;
    const lifeSeconds = Math.min(Math.max(sum('ttlSeconds'), 3600), 86_400);
    return {
      client: text(key('client')),
      address: text(key('address')),
      name: text(key('name')),
      from: Math.floor((sum('firstMs') - 2000) / 300_000),
      to: key('bucket') + Math.ceil(lifeSeconds / 300),
    };
  });
}

function sightingOf({ client, address, name, bucket, firstMs, lastMs }: FlowRow): readonly Evidence[] {
  if (name === '' || address === '') return [];
  const end = Math.min(Math.floor(lastMs / 300_000), bucket + bucketsPerDay) + bucketsPerHour;
  return [{ client, address, name, from: Math.floor((firstMs - 2000) / 300_000), to: end }];
}

function nameOf(
  { name, address, client, bucket, provider }: FlowRow,
  evidence: readonly Evidence[],
): Pick<NamedRow, 'destination' | 'isName' | 'rank' | 'candidates'> {
  if (name !== '') return { destination: name, isName: true, rank: 0, candidates: [] };
  const about = evidence.filter((one) => one.address === address);
  const own = sorted(
    about
      .filter((one) => client !== '' && one.client === client && one.from <= bucket && bucket <= one.to)
      .map((one) => one.name),
  );
  if (own.length === 1) return { destination: own[0] ?? '', isName: true, rank: 1, candidates: [] };
  if (own.length > 1) return { destination: address, isName: false, rank: 2, candidates: own };
  const day = Math.floor(bucket / bucketsPerDay);
  const isNear = ({ from, to }: Evidence): boolean =>
    Math.floor(from / bucketsPerDay) - 1 <= day && day <= Math.floor(to / bucketsPerDay) + 1;
  const others = sorted(about.filter(isNear).map((one) => one.name));
  if (others.length === 1) return { destination: others[0] ?? '', isName: true, rank: 3, candidates: others };
  if (others.length > 1) return { destination: address, isName: false, rank: 3, candidates: others };
  return { destination: address, isName: false, rank: provider === '' ? 5 : 4, candidates: [] };
}

function edgeOf(rows: readonly NamedRow[]): Edge {
  const [first] = rows as readonly [NamedRow, ...NamedRow[]];
  const days = [...groupBy(rows, ({ bucket }) => String(Math.floor(bucket / bucketsPerDay))).values()].map(dayOf);
  const used = days.filter(({ hours }) => hours > 0);
  const addresses = rows.filter(({ isName }) => isName).map(({ address }) => address);
  return {
    principal: first.who.principal,
    how: sorted(rows.map(({ who }) => who.how)) as Edge['how'],
    destination: first.destination,
    isName: first.isName,
    port: first.port,
    protocol: first.facts.protocol,
    application: applicationOf(rows),
    rank: nameRanks[Math.min(...rows.map(({ rank }) => rank))] ?? 'address',
    candidates: sorted(rows.flatMap(({ candidates }) => candidates)),
    clients: sorted(rows.map(({ client }) => client)),
    addresses: sorted(addresses),
    provider: sorted(rows.map(({ provider }) => provider))[0] ?? null,
    connections: total(days.map(({ connections }) => connections)) ?? 0,
    bytesUp: total(days.map(({ up }) => up)),
    bytesDown: total(days.map(({ down }) => down)),
    denied: total(days.map(({ denied }) => denied)) ?? 0,
    firstMs: Math.min(...rows.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...rows.map(({ lastMs }) => lastMs)),
    days: used.length,
    weekdays: used.reduce((mask, { day }) => mask | (1 << new Date(day * 86_400_000).getUTCDay()), 0),
    hours: days.reduce((mask, { hours }) => mask | hours, 0),
    activeHours: days.reduce((sum, { hours }) => sum + bitsOf(hours), 0),
    formats: sorted(rows.map(({ format }) => format)),
    sources: sorted(rows.map(({ source }) => source)),
    initiator: initiatorProofs[Math.min(...days.map(({ initiator }) => initiator))] ?? 'ports',
    isSampled: days.every(({ isSampled }) => isSampled),
  };
}

interface Sums {
  readonly connections: number;
  readonly up: number | null;
  readonly down: number | null;
  readonly denied: number;
  readonly initiator: number;
  readonly isSampled: boolean;
}

function dayOf(rows: readonly NamedRow[]): Sums & { readonly day: number; readonly hours: number } {
  const formats = [...groupBy(rows, ({ format }) => format).values()].map((ofFormat): Sums => {
    const parts = [...groupBy(ofFormat, ({ facts }) => String(facts.vantage)).values()].map(vantageOf);
    return { ...largest(parts), isSampled: parts.some(({ isSampled }) => isSampled) };
  });
  const hours = rows
    .filter(({ denied }) => denied === 0)
    .reduce((mask, { bucket }) => mask | (1 << Math.floor((bucket % bucketsPerDay) / bucketsPerHour)), 0);
  const isSampled = formats.every((one) => one.isSampled);
  return { ...largest(formats), isSampled, hours, day: Math.floor((rows[0]?.bucket ?? 0) / bucketsPerDay) };
}

function vantageOf(rows: readonly NamedRow[]): Sums {
  const sum = (of: (row: NamedRow) => number): number => rows.reduce((all, row) => all + of(row), 0);
  return {
    connections: Math.max(
      sum(({ connections }) => connections),
      sum(({ replies }) => replies),
    ),
    up: total(rows.map(({ up }) => up)),
    down: total(rows.map(({ down }) => down)),
    denied: sum(({ denied }) => denied),
    initiator: Math.max(...rows.map(({ facts }) => facts.initiator)),
    isSampled: rows.some(({ facts }) => facts.isSampled),
  };
}

function largest(parts: readonly Sums[]): Omit<Sums, 'isSampled'> {
  const known = (values: readonly (number | null)[]): number | null => {
    const told = values.filter((value) => value !== null);
    return told.length === 0 ? null : Math.max(...told);
  };
  return {
    connections: Math.max(...parts.map(({ connections }) => connections)),
    up: known(parts.map(({ up }) => up)),
    down: known(parts.map(({ down }) => down)),
    denied: Math.max(...parts.map(({ denied }) => denied)),
    initiator: Math.min(...parts.map(({ initiator }) => initiator)),
  };
}

function applicationOf(rows: readonly NamedRow[]): Edge['application'] {
  const sums = [...groupBy(rows, ({ facts }) => applications[facts.application] ?? 'unknown')].map(
    ([application, own]) => ({
      application,
      count: own.reduce((sum, { connections, replies }) => sum + connections + replies, 0),
    }),
  );
  const isUnknown = (application: string): number => (application === 'unknown' ? 1 : 0);
  sums.sort(
    (a, b) =>
      isUnknown(a.application) - isUnknown(b.application) ||
      b.count - a.count ||
      (a.application < b.application ? -1 : 1),
  );
  return sums[0]?.application ?? 'unknown';
}

/** Nothing and something is something; nothing alone stays unknown. */
function total(values: readonly (number | null)[]): number | null {
  const told = values.filter((value) => value !== null);
  return told.length === 0 ? null : told.reduce((sum, value) => sum + value, 0);
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== ''))].sort().slice(0, most);
}

function bitsOf(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length;
}

function groupBy<T, K>(rows: readonly T[], keyOf: (row: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const row of rows) {
    const known = groups.get(keyOf(row));
    if (known === undefined) groups.set(keyOf(row), [row]);
    else known.push(row);
  }
  return groups;
}

function compareEdges(a: Edge, b: Edge): number {
  const [left, right] = [a, b].map(({ principal, destination }) => `${principal}\n${destination}`) as [string, string];
  if (left !== right) return left < right ? -1 : 1;
  return a.port - b.port || a.protocol - b.protocol || Number(a.isName) - Number(b.isName);
}
