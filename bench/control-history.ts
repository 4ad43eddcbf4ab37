import { join } from 'node:path';
import { type Entry, encodeEntry } from '../src/audit/index.ts';
import type { NewView, View } from '../src/exceptions/index.ts';
import { openLedger, type SqliteLedger } from '../src/store/index.ts';

/** Exceptions that were made through the API, which the history is made after. */
export interface HistoryPattern {
  /** One in force, with its destination and its service. */
  readonly live: { readonly id: string; readonly to: string; readonly service: string };
  /** One that is over. */
  readonly over: string;
}

/** What to write. */
export interface HistoryPlan {
  readonly pattern: HistoryPattern;
  /** Live exceptions, each with its destination, service and beneficiary. */
  readonly live: readonly { readonly to: string; readonly service: string; readonly beneficiary: string }[];
  /** How many entries the log is to have at least. */
  readonly events: number;
}

const exceptionsPerCommit = 400;

/** Writes live exceptions and a past into the ledger of a state that nobody runs on: copies of what the product wrote itself. Gives the number of entries. */
export async function writeControlHistory(state: string, plan: HistoryPlan): Promise<number> {
  const opened = openLedger({ path: join(state, 'control', 'ledger.db'), encode });
  if (!opened.ok) throw new Error(opened.fault.message);
  const ledger = opened.value;
  try {
    await writePast(ledger, plan);
    await writeLive(ledger, plan);
    return await ledger.size();
  } finally {
    await ledger.close();
  }
}

async function writeLive(ledger: SqliteLedger, { pattern, live }: HistoryPlan): Promise<void> {
  const made = await readMade(ledger, pattern.live.id);
  for (let from = 0; from < live.length; from += exceptionsPerCommit) {
    const copies = live.slice(from, from + exceptionsPerCommit).map(({ to, service, beneficiary }, at) =>
      copyOf(made, [
        [pattern.live.id, idAfter(pattern.live.id, from + at)],
        [`"${pattern.live.to}"`, `"${to}"`],
        [`"service":"${pattern.live.service}"`, `"service":"${service}"`],
        [/"beneficiary":"[^"]*"/g, `"beneficiary":"${beneficiary}"`],
      ]),
    );
    await commit(ledger, copies);
  }
}

/** What is over is of no time that control still looks at. */
async function writePast(ledger: SqliteLedger, { pattern, live, events }: HistoryPlan): Promise<void> {
  const made = await readMade(ledger, pattern.over);
  const perLive = (await readMade(ledger, pattern.live.id)).entries.length;
  const past = { ...made, view: { ...made.view, keys: { ...made.view.keys, fromMs: 1, untilMs: 2 } } };
  const wanted = events - live.length * perLive - (await ledger.size());
  const count = Math.max(0, Math.ceil(wanted / made.entries.length));
  for (let from = 0; from < count; from += exceptionsPerCommit) {
    const copies = Array.from({ length: Math.min(exceptionsPerCommit, count - from) }, (_, at) =>
      copyOf(past, [[pattern.over, idAfter(pattern.over, from + at)]]),
    );
    await commit(ledger, copies);
  }
}

interface Made {
  readonly entries: readonly Entry[];
  readonly view: View;
}

async function readMade(ledger: SqliteLedger, id: string): Promise<Made> {
  const view = await ledger.view('exception', id);
  if (view === null) throw new Error(`there is no exception \`${id}\` to copy`);
  return { entries: await ledger.entriesOf(`exception/${id}`), view };
}

function copyOf(made: Made, changes: readonly (readonly [string | RegExp, string])[]): Made {
  let text = JSON.stringify(made);
  for (const [from, to] of changes) text = text.replaceAll(from, to);
  return JSON.parse(text) as Made;
}

/** An id of the same moment as another, in order of `number` (the last 16 of its 26 characters are no time). */
function idAfter(id: string, number: number): string {
  return `${id.slice(0, 10)}${String(number).padStart(16, '0')}`;
}

async function commit(ledger: SqliteLedger, copies: readonly Made[]): Promise<void> {
  const views: readonly NewView[] = copies.map(({ view: { seq, ...view } }) => view);
  const entries = copies.flatMap((copy) => copy.entries);
  const written = await ledger.commit({ nowMs: Date.now(), entries, views, expected: [], answer: null });
  if (!written.ok) throw new Error(written.fault.message);
}

function encode(entry: Entry): Uint8Array {
  const encoded = encodeEntry(entry);
  if (!encoded.ok) throw new RangeError(encoded.fault.message);
  return encoded.value;
}
