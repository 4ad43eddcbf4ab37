import { z } from 'zod';
import type { DraftOutcome, DraftSum } from '../../flowmap/traffic/index.ts';
import { asks, type Endpoint, type Nothing } from './endpoint.ts';
import { draftOutcomes, type FlowMapAnswer, type FlowMapQuery, flowMapAnswer, flowMapQuery } from './flow-map.ts';
import { mostProposedBytes, proposalHead, proposedFiles } from './policy.ts';
import type { ProposalAnswer, ProposalBody } from './policy-types.ts';

export type { DraftOutcome, DraftSum } from '../../flowmap/traffic/index.ts';

/** A draft, and the flow map that it is tried on. */
export interface DraftMapBody extends Pick<ProposalBody, 'policyVersion' | 'files'> {
  readonly view: FlowMapQuery;
}

/** A rule as a policy has it, with its place. */
export interface DraftRule {
  readonly id: string;
  readonly list: 'allow' | 'deny';
  readonly owner: string;
  readonly reason: string;
  readonly file: string;
  readonly line: number;
}

/**
 * The flow map under a draft. `outcomes` and `map` are null where the draft does not load; then `found` says why, with file and line. In
 * `map` every link and path has its `outcome`.
 */
export interface DraftMapAnswer extends Omit<ProposalAnswer, 'access' | 'replay'> {
  readonly outcomes: Readonly<Record<DraftOutcome, DraftSum>> | null;
  readonly map: FlowMapAnswer | null;
  /** The rules that paths name: as the policy in force has them, and as the draft does. */
  readonly rules: { readonly today: readonly DraftRule[]; readonly draft: readonly DraftRule[] };
  /** Where the services of paths stand in the draft. */
  readonly services: readonly { readonly name: string; readonly file: string; readonly line: number }[];
}

const sum: z.ZodType<DraftSum> = z
  .strictObject({
    edges: z.int().describe('services with a destination and its port'),
    services: z.int(),
    connections: z.number(),
    bytes: z.number(),
  })
  .readonly();

const rules: z.ZodType<readonly DraftRule[]> = z
  .array(
    z
      .strictObject({
        id: z.string(),
        list: z.enum(['allow', 'deny']),
        owner: z.string(),
        reason: z.string(),
        file: z.string(),
        line: z.int(),
      })
      .readonly(),
  )
  .readonly();

/** The endpoint of the flow map under a draft. */
export interface DraftMapEndpoints {
  readonly tryFlowMap: Endpoint<Nothing, Nothing, DraftMapBody, DraftMapAnswer>;
}

/** The endpoint of the flow map under a draft. */
export const draftMapEndpoints: DraftMapEndpoints = {
  tryFlowMap: asks({
    path: '/flow-map/draft',
    tag: 'flow map',
    summary: 'try a changed policy on what went out and change nothing: the flow map, by what would become of it',
    scopes: ['read'],
    // As JSON, which writes line ends and quotes as two.
    maxBodyBytes: 2 * mostProposedBytes,
    body: z.strictObject({ ...proposedFiles, view: flowMapQuery }),
    answer: z
      .strictObject({
        ...proposalHead,
        outcomes: z.record(z.enum(draftOutcomes), sum).readonly().nullable().describe('null where it does not load'),
        map: flowMapAnswer.nullable().describe('null where it does not load'),
        rules: z.strictObject({ today: rules, draft: rules }).readonly(),
        services: z.array(z.strictObject({ name: z.string(), file: z.string(), line: z.int() }).readonly()).readonly(),
      })
      .readonly()
      .meta({ id: 'DraftFlowMap' }),
  }),
};
