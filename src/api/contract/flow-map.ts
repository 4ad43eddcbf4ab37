import { z } from 'zod';
// The shape of the picture is that of the room which draws it, named here and loaded by nobody: what the schemas below say is held against it.
import type {
  PolicySays,
  River,
  RiverLink,
  RiverMeasure,
  RiverNode,
  RiverPath,
  RiverSource,
  RiverTarget,
  TrafficVerdict,
} from '../../flowmap/traffic/index.ts';
import { type Endpoint, type Nothing, reads } from './endpoint.ts';
import { instant, shortName } from './fields.ts';

export type {
  RiverGhost as UnusedRule,
  RiverLink as FlowLink,
  RiverNode as FlowNode,
  RiverRule as FlowRule,
  RiverSum as FlowSum,
  TrafficVerdict as FlowVerdict,
} from '../../flowmap/traffic/index.ts';

const verdicts = ['allow', 'exception', 'would-deny', 'deny'] as const satisfies readonly TrafficVerdict[];
const measures = ['connections', 'bytes'] as const satisfies readonly RiverMeasure[];
const sources = ['identity', 'team', 'environment'] as const satisfies readonly RiverSource[];
const targets = ['destination', 'domain', 'class'] as const satisfies readonly RiverTarget[];

/** What a draft comes to for traffic, in the order in which it is told. */
export const draftOutcomes = ['newly_denied', 'newly_allowed', 'still_allowed', 'still_denied', 'not_judged'] as const;

/** One way through all columns, with what decided. `host` is what Decisions are searched by, null where several stand together. */
export interface FlowPath extends Omit<RiverPath, 'lastMs'> {
  readonly lastAt: string;
}

/** The flow map of a time: the river, with when it was. Times are whole buckets: they may begin earlier than was asked. */
export interface FlowMapAnswer extends Omit<River, 'paths'> {
  readonly since: string;
  readonly until: string;
  readonly countedSince: string | null;
  readonly policyVersion: string | null;
  readonly paths: readonly FlowPath[];
  readonly notes: readonly string[];
}

/** What of the traffic is shown, and how. */
export interface FlowMapQuery {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly measure: RiverMeasure;
  readonly from: RiverSource;
  readonly to: RiverTarget;
  readonly service?: string | undefined;
  readonly unused: 'yes' | 'no';
  readonly nodes: number;
}

const sum = {
  connections: z.number().describe('at the DNS filter, names that were asked for'),
  bytesUp: z.number(),
  bytesDown: z.number(),
};
const rule = {
  kind: z.enum(['rule', 'exception']),
  id: z.string(),
  service: z.string(),
  to: z.string().describe('as policies spell it'),
  class: z.string(),
  owner: z.string(),
  reason: z.string(),
  at: z.string().nullable().describe('file and line, null for an exception'),
};

const outcome = z.enum(draftOutcomes).optional().describe('where a draft is tried: what becomes of it');

/** A policy's word on a path. */
const says: z.ZodType<PolicySays> = z
  .strictObject({
    reasons: z.array(z.string()).readonly().describe('at most 5'),
    ruleIds: z.array(z.string()).readonly().describe('at most 5'),
  })
  .readonly();

const nodeSchema: z.ZodType<RiverNode> = z
  .strictObject({
    id: z.string(),
    layer: z.int().describe('0: who, 1: service, 2: enforcement point, 3: destination'),
    label: z.string(),
    hidden: z.int().nullable().describe('how many stand together in it, null for one'),
    isUnused: z.boolean().describe('nothing but what nothing used leads there'),
    ...sum,
  })
  .readonly()
  .meta({ id: 'FlowNode' });

const linkSchema: z.ZodType<RiverLink> = z
  .strictObject({ source: z.string(), target: z.string(), verdict: z.enum(verdicts), outcome, ...sum })
  .readonly();

const pathSchema: z.ZodType<FlowPath> = z
  .strictObject({
    from: z.string(),
    service: z.string(),
    point: z.string(),
    to: z.string(),
    host: z.string().nullable().describe('what decisions are searched by, null where several stand together'),
    verdict: z.enum(verdicts),
    reasons: z.array(z.string()).readonly().describe('of denials, and of those that enforce would make'),
    ruleIds: z.array(z.string()).readonly().describe('at most 5'),
    grantIds: z.array(z.string()).readonly().describe('at most 5'),
    lastAt: instant,
    nodes: z.array(z.string()).readonly().describe('ids of the nodes that it passes'),
    outcome,
    today: says.optional().describe('where a draft is tried: what the policy in force says of it'),
    draft: says.optional().describe('where a draft is tried: what the draft says of it'),
    ...sum,
  })
  .readonly();

/** The schema of what is asked of a flow map. */
export const flowMapQuery: z.ZodType<FlowMapQuery> = z.strictObject({
  since: instant.optional().describe('default: a day before `until`'),
  until: instant.optional().describe('default: now'),
  measure: z.enum(measures).default('connections').describe('what is heavy, and what widths stand for'),
  from: z.enum(sources).default('identity').describe('the first column'),
  to: z.enum(targets).default('destination').describe('the last column'),
  service: shortName.optional(),
  unused: z.enum(['yes', 'no']).default('yes').describe('whether to show what is allowed and was not used'),
  nodes: z.coerce.number().int().min(8).max(200).default(200).describe('the most nodes over all columns'),
});

/** The schema of a flow map. */
export const flowMapAnswer: z.ZodType<FlowMapAnswer> = z
  .strictObject({
    since: instant.describe('the begin of the first bucket'),
    until: instant.describe('the end of the last bucket'),
    countedSince: instant.nullable().describe('from when on anything was counted, null for never'),
    policyVersion: z.string().nullable().describe('whose entries are told of'),
    total: z.strictObject(sum).readonly(),
    nodes: z.array(nodeSchema).readonly(),
    hiddenNodes: z.int().describe('those that stand together'),
    links: z.array(linkSchema).readonly().describe('what a draft changes, then the heaviest'),
    hiddenLinks: z.int(),
    paths: z.array(pathSchema).readonly().describe('what a draft changes, then the heaviest'),
    hiddenPaths: z.int(),
    unused: z.array(z.strictObject({ ...rule, source: z.string(), target: z.string() }).readonly()).readonly(),
    hiddenUnused: z.int(),
    rules: z.array(z.strictObject(rule).readonly()).readonly().describe('the entries that paths name'),
    notes: z.array(z.string()).readonly().describe('what the answer cannot see'),
  })
  .readonly()
  .meta({ id: 'FlowMap' });

/** The endpoint of the flow map. */
export interface FlowMapEndpoints {
  readonly showFlowMap: Endpoint<Nothing, FlowMapQuery, Nothing, FlowMapAnswer>;
}

/** The endpoint of the flow map. */
export const flowMapEndpoints: FlowMapEndpoints = {
  showFlowMap: reads({
    path: '/flow-map',
    tag: 'flow map',
    summary: 'what goes out: who, service, enforcement point, destination, in connections and bytes, by verdict',
    scopes: ['read'],
    query: flowMapQuery,
    answer: flowMapAnswer,
  }),
};
