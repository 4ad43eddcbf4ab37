import {
  type FlowAnswers,
  type InternetRow,
  internetNeeds,
  type OtherResolver,
  type RegistryAnswer,
  type RegistryUse,
  type ResolutionAnswer,
  type SpecificRow,
  type SplitName,
  specificOutcomes,
} from '../flowmap/index.ts';
import { bytesText, shareText, timeText } from './flows-options.ts';
import { cellText, formatTable, type Row } from './table.ts';
import { countText } from './wording.ts';

/** Rows of a section past which people are sent to `-o json`. */
const mostRows = 30;

/** The answers for people: a question, a sentence with the numbers, and the rows behind it. */
export function answersText(answers: FlowAnswers): string {
  return [
    section('Which services must reach the internet?', internetSentence(answers.internet), internetTable(answers)),
    section(
      'Which should only reach specific SaaS or APIs?',
      specificSentence(answers.specific),
      specificTable(answers),
    ),
    section('Which registries does CI touch?', registrySentence(answers.registries), registryTable(answers)),
    section(
      'How do names resolve inside and outside?',
      resolutionSentence(answers.resolution),
      resolutionTables(answers),
    ),
  ].join('\n');
}

function section(question: string, sentence: string, table: string): string {
  return `${question}\n${sentence}\n${table === '' ? '' : `\n${table}`}`;
}

function table(columns: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const more = rows.length > mostRows ? `... and ${rows.length - mostRows} more, see -o json\n` : '';
  return `${formatTable(columns, rows.slice(0, mostRows))}${more}`;
}

function internetSentence(rows: readonly InternetRow[]): string {
  const count = (...needs: readonly InternetRow['need'][]): number =>
    rows.filter(({ need }) => needs.includes(need)).length;
  return [
    `Must: ${count('must_declared', 'must_steady')} of ${countText(rows.length, 'service')}`,
    `seen to, and it may not be a must: ${count('seen')}`,
    `tried and refused: ${count('refused')}`,
    `private addresses and resolvers only: ${count('inside_only', 'resolvers_only')}.`,
  ].join('; ');
}

function internetTable({ internet }: FlowAnswers): string {
  const columns = [
    'service',
    'need',
    'domains',
    'connections',
    'up',
    'down',
    'days',
    'named',
    'declared',
    'allowed',
    'most',
  ];
  const rows = internet.map((row) => ({
    service: row.service,
    need: row.need,
    domains: row.domains,
    connections: row.connections,
    up: bytesText(row.bytesUp),
    down: bytesText(row.bytesDown),
    days: row.daysSeen,
    named: shareText(row.namedShare),
    declared: ofText(row.declared, row.destinations),
    allowed: ofText(row.allowed, row.destinations),
    most: row.evidence.slice(0, 2).map(({ destination, port }) => hostText(destination, port)),
  }));
  const used = new Set(internet.map(({ need }) => need));
  const notes = [...used].map((need) => `${need}: ${internetNeeds[need]}\n`).join('');
  return `${table(columns, rows)}${notes}`;
}

function specificSentence(rows: readonly SpecificRow[]): string {
  const specific = rows.filter(({ outcome }) => outcome === 'few_and_stable');
  return `Few domains, named and stable: ${specific.length} of ${countText(rows.length, 'service')} that reach the internet.`;
}

function specificTable({ specific }: FlowAnswers): string {
  const rows = specific.map((row) => ({
    service: row.service,
    outcome: row.outcome,
    domains: row.domainCount,
    days: row.daysSeen,
    unnamed: shareText(row.unnamedShare),
    reaches: row.domains.slice(0, 4).map((one) => domainText(one, row.daysSeen)),
  }));
  const used = new Set(specific.map(({ outcome }) => outcome));
  const notes = [...used].map((outcome) => `${outcome}: ${specificOutcomes[outcome]}\n`).join('');
  return `${table(['service', 'outcome', 'domains', 'days', 'unnamed', 'reaches'], rows)}${notes}`;
}

// Days of several names are those of the one that has most: they may lie beside each other.
function domainText({ domain, what, names, days }: SpecificRow['domains'][number], daysSeen: number): string {
  const seen = `${names.length > 1 ? 'at least ' : ''}${days} of ${countText(daysSeen, 'day')}`;
  return `${domain} (${what === null ? '' : `${what}, `}${seen})`;
}

function registrySentence({ buildServices, byBuild, byOthers, elsewhere }: RegistryAnswer): string {
  const others = new Set(byOthers.map(({ service }) => service)).size;
  const rest = `Not of kind build, and touching registries or source hosts: ${countText(others, 'service')}.`;
  if (buildServices.length === 0) return `No service is of kind build: say so in the policy or the inventory. ${rest}`;
  const hosts = new Set(byBuild.map(({ destination }) => destination)).size;
  const besides = elsewhere.reduce((sum, { domains }) => sum + domains, 0);
  return `${countText(buildServices.length, 'build service')}: ${countText(hosts, 'registry or source host', 'registries or source hosts')}, and ${countText(besides, 'other domain')}. ${rest}`;
}

function registryTable({ registries }: FlowAnswers): string {
  const columns = [
    'service',
    'kind',
    'registry',
    'host',
    'what',
    'known by',
    'reach',
    'connections',
    'days',
    'last',
    'policy',
  ];
  const rows = [...registries.byBuild, ...registries.byOthers].map((use) => ({
    ...{ service: use.service, kind: use.kind, registry: use.registry, what: use.what, reach: use.reach },
    host: hostText(use.destination, use.port),
    'known by': use.proof,
    connections: connectionsText(use),
    days: use.days,
    last: timeText(use.lastMs),
    policy: use.verdict,
  }));
  const besides = registries.elsewhere.map(({ service, domains, evidence }) => {
    const hosts = evidence.map(({ destination, port }) => hostText(destination, port));
    return `${cellText(service)} besides registries: ${countText(domains, 'domain')}, most ${cellText(hosts)}\n`;
  });
  return `${table(columns, rows)}${besides.join('')}`;
}

function resolutionSentence({ names, splits, others, resolvers }: ResolutionAnswer): string {
  const asking = countText(new Set(others.map(({ service }) => service)).size, 'service');
  const asked = countText(new Set(others.map(({ resolver }) => resolver)).size, 'resolver');
  const elsewhere = `Asking resolvers that nobody named as yours: ${asking}, ${asked}.`;
  if (names === 0) return `No log with answers of DNS was ingested: a split horizon cannot be seen. ${elsewhere}`;
  const seen = `${countText(names, 'name')} by ${countText(resolvers.length, 'resolver')}`;
  return `${seen}; ${countText(splits.length, 'name')} with other answers for others. ${elsewhere}`;
}

function resolutionTables({ resolution }: FlowAnswers): string {
  const resolvers = table(
    ['resolver', 'yours', 'names', 'private', 'questions'],
    resolution.resolvers.map(({ resolver, isKnown, names, inside, questions }) => {
      return { resolver: resolver === '' ? 'not said' : resolver, yours: isKnown, names, private: inside, questions };
    }),
  );
  const splits = table(['name', 'side', 'addresses', 'resolver', 'clients'], resolution.splits.flatMap(splitRows));
  const others = table(
    ['service', 'asks', 'by', 'connections', 'days', 'last', 'policy'],
    resolution.others.map(otherRow),
  );
  return [resolvers, splits, others].filter((text) => text !== '').join('\n');
}

function splitRows({ name, views }: SplitName): readonly Row[] {
  return views.map(({ side, addresses, resolver, clients, clientCount }) => {
    const shown = clients.slice(0, 3).join(', ');
    const more = clientCount > 3 ? ` and ${clientCount - 3} more` : '';
    return { name, side, addresses: addresses.slice(0, 3), resolver, clients: `${shown}${more}` };
  });
}

function otherRow(other: OtherResolver): Row {
  return {
    service: other.service,
    asks: hostText(other.resolver, other.port),
    by: other.via,
    connections: connectionsText(other),
    days: other.days,
    last: timeText(other.lastMs),
    policy: other.verdict,
  };
}

function connectionsText({ connections, denied }: { readonly connections: number; readonly denied: number }): string {
  return denied === 0 ? String(connections) : `${connections} (${denied} refused)`;
}

function ofText(part: number | null, all: number): string | null {
  return part === null ? null : `${part} of ${all}`;
}

function hostText(destination: string, port: number): string {
  const host = destination.includes(':') ? `[${destination}]` : destination;
  return port < 0 ? host : `${host}:${port}`;
}

/** The answers as flat rows: one for each finding, with the destination that shows it. */
export function answerRows({ internet, specific, registries, resolution }: FlowAnswers): readonly Row[] {
  return [
    ...internet.flatMap(({ service, need, evidence }) => {
      const found = { question: 'internet', service, finding: need };
      return evidence.length === 0 ? [found] : evidence.map((one) => ({ ...found, ...evidenceRow(one) }));
    }),
    ...specific.flatMap(({ service, outcome, domains }) =>
      domains.map(({ domain, names, what, firstMs, lastMs, ...rest }) => {
        const seen = { ...rest, first: isoText(firstMs), last: isoText(lastMs) };
        return { question: 'specific', service, finding: outcome, destination: domain, detail: what ?? names, ...seen };
      }),
    ),
    ...[...registries.byBuild, ...registries.byOthers].map((use) => ({
      ...{ question: 'registries', service: use.service, finding: use.registry, detail: use.what },
      ...evidenceRow(use),
    })),
    ...resolution.splits.flatMap(({ name, views }) =>
      views.map(({ side, addresses, clients }) => {
        return { question: 'split', service: clients, finding: side, destination: name, detail: addresses };
      }),
    ),
    ...resolution.others.map(({ service, via, resolver, port, lastMs, verdict, ...rest }) => {
      const seen = { ...rest, last: isoText(lastMs), policy: verdict };
      return { question: 'resolvers', service, finding: via, destination: hostText(resolver, port), ...seen };
    }),
  ];
}

function evidenceRow(one: RegistryUse | InternetRow['evidence'][number]): Row {
  const { connections, bytesUp, bytesDown, denied, days, rank, provider, declaredAt } = one;
  return {
    ...{ destination: hostText(one.destination, one.port), connections, bytesUp, bytesDown, denied, days, rank },
    provider,
    ...{ first: isoText(one.firstMs), last: isoText(one.lastMs), policy: one.verdict, declaredAt },
  };
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}
