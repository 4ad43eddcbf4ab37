import { z } from 'zod';
import { type Endpoint, type Nothing, type PageQuery, pageQuery, reads } from './endpoint.ts';
import { instant } from './fields.ts';

/** A policy that was put in force. `added` and `removed` are the first of its facts that came and went against the one before. */
export interface PolicyChangeAnswer {
  /** Its place in the log of acts. */
  readonly seq: number;
  readonly time: string;
  readonly version: string;
  readonly before: string | null;
  readonly isWidening: boolean;
  readonly added: readonly string[];
  readonly addedCount: number;
  readonly removed: readonly string[];
  readonly removedCount: number;
}

/** Policies that were put in force, the newest first. `policyVersion`: the one in force, null for none. */
export interface PolicyHistoryAnswer {
  readonly policyVersion: string | null;
  readonly items: readonly PolicyChangeAnswer[];
  readonly next: string | null;
}

const texts = z.array(z.string()).readonly();

const changeSchema: z.ZodType<PolicyChangeAnswer> = z
  .strictObject({
    seq: z.int().describe('its place in the log of acts'),
    time: instant,
    version: z.string(),
    before: z.string().nullable(),
    isWidening: z.boolean(),
    added: texts.describe('the first 100 facts that came'),
    addedCount: z.int(),
    removed: texts.describe('the first 100 facts that went'),
    removedCount: z.int(),
  })
  .readonly()
  .meta({ id: 'PolicyChange' });

/** The endpoint of the history of the policy. */
export interface PolicyHistoryEndpoints {
  readonly listPolicyChanges: Endpoint<Nothing, PageQuery, Nothing, PolicyHistoryAnswer>;
}

/** The endpoint of the history of the policy. */
export const policyHistoryEndpoints: PolicyHistoryEndpoints = {
  listPolicyChanges: reads({
    path: '/policy/history',
    tag: 'policy',
    summary: 'policies that were put in force, the newest first, each with what it opened and closed',
    scopes: ['read'],
    query: z.strictObject({ ...pageQuery }),
    answer: z
      .strictObject({
        policyVersion: z.string().nullable().describe('the one in force, null for none'),
        items: z.array(changeSchema).readonly(),
        next: z.string().nullable(),
      })
      .readonly(),
  }),
};
