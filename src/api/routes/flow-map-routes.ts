import { type Clock, failed, fault, type Result } from '../../base/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type { Endpoints, FlowMapAnswer, FlowMapQuery } from '../contract/index.ts';

/** Draws the flow map of a time (epoch milliseconds). Faults: `flow_map_unavailable`, those of asking the policy. */
export type FlowMapPort = (
  query: Omit<FlowMapQuery, 'since' | 'until'> & { readonly sinceMs: number; readonly untilMs: number },
) => Promise<Result<FlowMapAnswer>>;

/** What the handler of the flow map needs of the house. */
interface FlowMapPorts {
  readonly clock: Clock;
  readonly flowMap: FlowMapPort;
}

const dayMs = 86_400_000;

/** The handler of the flow map. */
export function flowMapRoutes(ports: FlowMapPorts): Pick<Handlers<Endpoints>, 'showFlowMap'> {
  return { showFlowMap: ({ query }) => showFlowMap(ports, query) };
}

async function showFlowMap(
  { clock, flowMap }: FlowMapPorts,
  { since, until, ...query }: FlowMapQuery,
): Promise<Result<Answered<FlowMapAnswer>>> {
  const untilMs = until === undefined ? clock.now() : Date.parse(until);
  const sinceMs = since === undefined ? untilMs - dayMs : Date.parse(since);
  if (sinceMs >= untilMs) {
    return failed(
      fault('request_malformed', '`since` is not before `until`, ask for a time that begins before it ends'),
    );
  }
  const drawn = await flowMap({ ...query, sinceMs, untilMs });
  return drawn.ok ? { ok: true, value: { body: drawn.value } } : drawn;
}
