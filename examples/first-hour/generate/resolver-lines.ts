import { createAddressBook, isAddress } from './address-book.ts';
import { dayMs, firstDayMs } from './calendar.ts';
import type { Connection } from './make-connections.ts';
import { createRandom } from './random.ts';
import type { TimedLine } from './timed-lines.ts';

/** How long a client keeps an answer. */
const keepMs = 60_000;
/** Names whose answer goes through another name: the map has to tell the name that was asked for. */
const aliases: Readonly<Record<string, string>> = {
  'api.crmcloud.example': 'eu.edge.crmcloud.example',
  'exports.lakehouse.example': 'lakehouse.fronts.example.net',
};

/** The query log of the resolver, as Route 53 writes it: what direct clients ask before they connect, and questions that carry data. */
export function resolverLines(connections: readonly Connection[], seed: number): readonly TimedLine[] {
  const book = createAddressBook();
  const askedMs = new Map<string, number>();
  const lines: TimedLine[] = [];
  for (const { client, host, isDirect, startMs } of connections) {
    if (!isDirect) continue;
    // The book deals out in the order of connections: the same order gives the same addresses.
    const answer = book.answer(host, true, startMs);
    const key = `${client} ${host}`;
    if (isAddress(host) || startMs - (askedMs.get(key) ?? 0) < keepMs) continue;
    askedMs.set(key, startMs);
    lines.push(question({ client, atMs: startMs - 20, name: host, type: 'A', answers: addressAnswers(host, answer) }));
    lines.push(question({ client, atMs: startMs - 20, name: host, type: 'AAAA', answers: [] }));
  }
  return [...lines, ...tunnel(seed)];
}

interface Question {
  readonly client: string;
  readonly atMs: number;
  readonly name: string;
  readonly type: string;
  readonly answers: readonly { readonly Rdata: string; readonly Type: string; readonly Class: string }[];
}

function addressAnswers(host: string, addresses: readonly string[]): Question['answers'] {
  const alias = aliases[host];
  const chain = alias === undefined ? [] : [{ Rdata: `${alias}.`, Type: 'CNAME', Class: 'IN' }];
  return [...chain, ...addresses.map((address) => ({ Rdata: address, Type: 'A', Class: 'IN' }))];
}

function question({ client, atMs, name, type, answers }: Question): TimedLine {
  const record = {
    version: '1.100000',
    account_id: '123456789012',
    region: 'eu-central-1',
    vpc_id: 'vpc-0a1b2c3d4e5f60718',
    query_timestamp: new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    query_name: `${name}.`,
    query_type: type,
    query_class: 'IN',
    rcode: 'NOERROR',
    answers,
    srcaddr: client,
    srcport: '53217',
    transport: 'UDP',
    srcids: {},
  };
  return { atMs, text: JSON.stringify(record) };
}

// Two nights of questions whose names carry something out. Nothing connects, so the map has no edge of it and a proposal no entry.
function tunnel(seed: number): readonly TimedLine[] {
  const random = createRandom(seed, 'tunnel');
  return [25, 26].flatMap((day) =>
    Array.from({ length: 300 }, (_, at) => {
      const word = Array.from({ length: 48 }, () => random.pick([...'abcdefghijklmnopqrstuvwxyz234567'])).join('');
      const atMs = firstDayMs + day * dayMs + 3_600_000 + at * 2000;
      const answers = [{ Rdata: '"ok"', Type: 'TXT', Class: 'IN' }];
      return question({ client: '10.20.4.5', atMs, name: `${word}.${at}.t.statsync.example`, type: 'TXT', answers });
    }),
  );
}
