import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Call } from '../call.ts';
import type { DecisionFilter } from '../contract/index.ts';
import type { Stream, StreamEvent } from '../stream.ts';
import type { ApiPorts } from './api-ports.ts';
import { type DecisionMatcher, matchDecisions, toDecisionRow } from './decision-row.ts';

/** The streams of the API, by operation id. */
export function createStreams(ports: ApiPorts): Readonly<Record<'tailDecisions', Stream>> {
  return {
    tailDecisions: (call, after, signal) => {
      const { query } = call as Call<unknown, DecisionFilter & { readonly after?: string }, unknown>;
      const from = after ?? query.after ?? null;
      if (from !== null && !ports.decisions.isPlace(from)) return notOurs;
      const matcher = matchDecisions(query);
      return matcher.ok ? ok(tail(ports, matcher.value, { from, signal })) : matcher;
    },
  };
}

const notOurs: Result<never> = failed(
  fault('request_malformed', '`Last-Event-ID` is not one that this stream gave, leave it out to begin now'),
);

async function* tail(
  ports: ApiPorts,
  { isWanted }: DecisionMatcher,
  { from, signal }: { readonly from: string | null; readonly signal: AbortSignal },
): AsyncGenerator<StreamEvent> {
  const start = from ?? ports.decisions.end();
  // Told at once, so that who breaks off before the first decision goes on from here and misses none.
  yield { id: start ?? '', event: 'begun', data: {} };
  for await (const { record, place } of ports.decisions.follow(start, signal)) {
    if (record.kind !== 'verdict') continue;
    const row = toDecisionRow(record);
    if (isWanted(row)) yield { id: place, event: 'decision', data: row };
  }
}
