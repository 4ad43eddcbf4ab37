import { type Clock, failed, fault, ok, type Result } from '../../base/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type { DraftMapAnswer, DraftMapBody, Endpoints, FlowMapAnswer, FlowMapQuery } from '../contract/index.ts';
import { checkProposedSize } from './proposed-size.ts';

/** What of the traffic is shown, and how; from when to when in epoch milliseconds. */
type FlowMapView = Omit<FlowMapQuery, 'since' | 'until'> & { readonly sinceMs: number; readonly untilMs: number };

/** Draws the flow map of a time (epoch milliseconds). Faults: `flow_map_unavailable`, those of asking the policy. */
export type FlowMapPort = (query: FlowMapView) => Promise<Result<FlowMapAnswer>>;

/** Draws it under a draft. Faults: `flow_map_unavailable`, those of checking a proposal. One at a time for a person, as those are. */
export type DraftMapPort = (
  draft: Omit<DraftMapBody, 'view'>,
  view: FlowMapView,
  person: string,
) => Promise<Result<DraftMapAnswer>>;

/** What the handlers of the flow map need of the house. */
interface FlowMapPorts {
  readonly clock: Clock;
  readonly flowMap: FlowMapPort;
  readonly draftMap: DraftMapPort;
}

const dayMs = 86_400_000;

/** The handlers of the flow map. */
export function flowMapRoutes(ports: FlowMapPorts): Pick<Handlers<Endpoints>, 'showFlowMap' | 'tryFlowMap'> {
  const { clock, flowMap, draftMap } = ports;
  return {
    showFlowMap: async ({ query }) => {
      const view = readView(query, clock.now());
      return view.ok ? bodied(await flowMap(view.value)) : view;
    },
    tryFlowMap: async ({ body: { view: query, ...draft }, caller }) => {
      const view = readView(query, clock.now());
      const size = checkProposedSize(draft.files);
      if (!view.ok) return view;
      return size.ok ? bodied(await draftMap(draft, view.value, caller?.person ?? '')) : size;
    },
  };
}

function readView({ since, until, ...query }: FlowMapQuery, nowMs: number): Result<FlowMapView> {
  const untilMs = until === undefined ? nowMs : Date.parse(until);
  const sinceMs = since === undefined ? untilMs - dayMs : Date.parse(since);
  if (sinceMs >= untilMs) {
    return failed(
      fault('request_malformed', '`since` is not before `until`, ask for a time that begins before it ends'),
    );
  }
  return ok({ ...query, sinceMs, untilMs });
}

function bodied<T>(result: Result<T>): Result<Answered<T>> {
  return result.ok ? ok({ body: result.value }) : result;
}
