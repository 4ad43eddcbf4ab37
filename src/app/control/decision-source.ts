import type { DecisionSource, ToldDecision } from '../../api/index.ts';
import { failed, fault, type Result } from '../../base/index.ts';
import type { VerdictRecord } from '../../policy/index.ts';
import { endOfSpool, findRecordNear, readSpool, type SpoolCursor, searchSpool } from '../../spool/index.ts';
import type { PolicyQuestion } from './policy-outcome.ts';
import { createTurns } from './turns.ts';

// Searches read and parse beside everything else that control does; more of them at once would only be slower together.
const mostAtOnce = 2;
// About a tenth of a second of reading; who looks further back asks for the next page.
const mostBytes = 24 * 1024 * 1024;

// Where the time in an id leads is read on for two minutes of records, which at thousands a second are so many.
const findBounds = { mostBytes: 256 * 1024 * 1024, mostMs: 5_000 };

/** The decisions in a spool folder, as the API reads them. Explanations come from the worker that holds the policies. */
export function createDecisionSource(
  folder: string,
  askPolicy: <T>(question: PolicyQuestion) => Promise<Result<T>>,
): DecisionSource {
  const inTurn = createTurns(mostAtOnce);
  return {
    search: ({ before, isLikely, take }) =>
      inTurn(async () => {
        let isEnd = false;
        const next = await searchSpool(folder, {
          before: before === null ? null : readPlace(before),
          mostBytes,
          isLikely,
          take: (record) => {
            const goesOn = take(record);
            isEnd = goesOn === 'end';
            return goesOn === true;
          },
        });
        return isEnd || next === null ? null : writePlace(next);
      }),
    end: () => {
      const end = endOfSpool(folder);
      return end === null ? null : writePlace(end);
    },
    isPlace: (text) => readPlace(text) !== null,
    follow: async function* (after, signal) {
      const from = after === null ? null : readPlace(after);
      for await (const { record, cursor } of readSpool(folder, from, { follow: true, signal })) {
        yield { record, place: writePlace(cursor) };
      }
    },
    find: async (id) => {
      if (!ulidText.test(id)) return null;
      const record = await inTurn(() => findRecordNear(folder, id, findBounds));
      return record?.kind === 'verdict' ? record : null;
    },
    explain: async (record) => {
      const { policyVersion } = record;
      if (policyVersion === null) return failed(fault('not_explained', 'no policy decided this'));
      if (record.principal === null || record.destination === null) return failed(notLookedAt);
      return askPolicy<ToldDecision>({ kind: 'explain', policyVersion, record: asked(record) });
    },
  };
}

const ulidText = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const notLookedAt = fault('not_explained', 'no rule was looked at: who or where to was not known');

function asked({ principal, destination, time, source }: VerdictRecord): Pick<VerdictRecord, AskedField> {
  return { principal, destination, time, source };
}

type AskedField = 'principal' | 'destination' | 'time' | 'source';

function writePlace({ file, offset }: SpoolCursor): string {
  return `${file}:${offset}`;
}

const placeText = /^(decisions-\d{14}-\d{6}\.ndjson):(\d{1,15})$/;

function readPlace(text: string): SpoolCursor | null {
  const [, file, offset] = placeText.exec(text) ?? [];
  return file === undefined ? null : { file, offset: Number(offset) };
}
