import { z } from 'zod';
import { type Endpoint, type Nothing, reads } from './endpoint.ts';
import { instant } from './fields.ts';

/** An enforcement point, as control sees it. `isCurrent`: it decides by the policy that is in force. */
export interface PointAnswer {
  readonly name: string;
  readonly startedAt: string;
  readonly policyVersion: string | null;
  readonly isCurrent: boolean;
  readonly openConnections: number;
  readonly isKeepingRecords: boolean;
}

/** What was judged on one day (UTC). */
export interface DayAnswer {
  readonly day: string;
  readonly allowed: number;
  readonly denied: number;
  readonly wouldDeny: number;
}

/** A service and where it wants to go, with when that was first seen and how it stands now. */
export interface EdgeAnswer {
  readonly service: string;
  readonly host: string;
  readonly port: number | null;
  readonly firstSeen: string;
  readonly lastAllowed: string | null;
  readonly lastDenied: string | null;
  readonly reason: string | null;
}

/** Connections and bytes, by how they were judged. `allowed`: by a rule or an exception; `wouldDeny`: by observe alone. */
export interface NowSums {
  readonly allowed: number;
  readonly wouldDeny: number;
  readonly denied: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** What a service did, or what went to a host of it. `service` is empty where none is known. */
export interface NowRow extends NowSums {
  readonly service: string;
  readonly host: string | null;
}

/** What went out within the last five minutes, or since control started. Lists hold those that carried most. */
export interface NowAnswer extends NowSums {
  readonly since: string;
  /** Connections of each ten seconds, the oldest first. */
  readonly ticks: readonly { readonly allowed: number; readonly denied: number }[];
  readonly services: readonly NowRow[];
  readonly serviceCount: number;
  readonly destinations: readonly NowRow[];
  readonly destinationCount: number;
}

/** An act on the policy or on an exception. `added` and `removed`: facts of the policy that came and went. */
export interface ChangeAnswer {
  readonly seq: number;
  readonly time: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly service: string | null;
  readonly to: string | null;
  readonly added: number | null;
  readonly removed: number | null;
}

/** Whether enforcement holds, and what is odd. Counts are of everything; lists hold the newest. */
export interface OverviewAnswer {
  readonly at: string;
  readonly policyVersion: string | null;
  readonly points: readonly PointAnswer[];
  readonly servicesByMode: { readonly enforce: number; readonly observe: number } | null;
  readonly observeEnds: readonly { readonly service: string; readonly until: string }[];
  /** Of the connections of 30 days, those judged under enforce; null where there was none. */
  readonly enforcedShare: number | null;
  /** Of the connections of 30 days, those whose service and destination are known by name; null where none was counted. */
  readonly namedShare: number | null;
  readonly now: NowAnswer;
  /** What was changed within 24 hours: the policy, and what opened or ended by exceptions. */
  readonly changes: readonly ChangeAnswer[];
  readonly days: readonly DayAnswer[];
  /** Destinations first seen within 24 hours. */
  readonly fresh: readonly EdgeAnswer[];
  readonly freshCount: number;
  /** Flows that worked within 30 days and are refused now. */
  readonly broken: readonly EdgeAnswer[];
  readonly brokenCount: number;
  readonly problems: readonly string[];
}

const edgeSchema: z.ZodType<EdgeAnswer> = z
  .strictObject({
    service: z.string(),
    host: z.string(),
    port: z.int().nullable(),
    firstSeen: instant,
    lastAllowed: instant.nullable(),
    lastDenied: instant.nullable(),
    reason: z.string().nullable().describe('of the last denial'),
  })
  .readonly()
  .meta({ id: 'Edge' });

const pointSchema: z.ZodType<PointAnswer> = z
  .strictObject({
    name: z.string(),
    startedAt: instant,
    policyVersion: z.string().nullable(),
    isCurrent: z.boolean().describe('whether it decides by the policy that is in force'),
    openConnections: z.int(),
    isKeepingRecords: z.boolean(),
  })
  .readonly();

const nowSums = { allowed: z.int(), wouldDeny: z.int(), denied: z.int(), bytesUp: z.number(), bytesDown: z.number() };

const nowRow: z.ZodType<NowRow> = z
  .strictObject({ service: z.string(), host: z.string().nullable(), ...nowSums })
  .readonly();

const nowSchema: z.ZodType<NowAnswer> = z
  .strictObject({
    since: instant.describe('five minutes ago, or when control started'),
    ...nowSums,
    ticks: z
      .array(z.strictObject({ allowed: z.int(), denied: z.int() }))
      .readonly()
      .describe('connections of each ten seconds, the oldest first'),
    services: z.array(nowRow).readonly().describe('those that carried most'),
    serviceCount: z.int(),
    destinations: z.array(nowRow).readonly().describe('those that carried most'),
    destinationCount: z.int(),
  })
  .readonly();

const changeSchema: z.ZodType<ChangeAnswer> = z
  .strictObject({
    seq: z.int().describe('its place in the log of acts'),
    time: instant,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    service: z.string().nullable(),
    to: z.string().nullable(),
    added: z.int().nullable().describe('facts of the policy that came'),
    removed: z.int().nullable(),
  })
  .readonly();

/** The endpoint of the overview. */
export interface OverviewEndpoints {
  readonly showOverview: Endpoint<Nothing, Nothing, Nothing, OverviewAnswer>;
}

/** The endpoint of the overview. */
export const overviewEndpoints: OverviewEndpoints = {
  showOverview: reads({
    path: '/overview',
    tag: 'overview',
    summary: 'whether enforcement holds, what goes out, and what is odd',
    scopes: ['read'],
    answer: z
      .strictObject({
        at: instant,
        policyVersion: z.string().nullable(),
        points: z.array(pointSchema).readonly().describe('those that answer'),
        servicesByMode: z.strictObject({ enforce: z.int(), observe: z.int() }).nullable(),
        observeEnds: z.array(z.strictObject({ service: z.string(), until: z.string() })).readonly(),
        enforcedShare: z.number().nullable().describe('of the connections of 30 days, those judged under enforce'),
        namedShare: z
          .number()
          .nullable()
          .describe('of the connections of 30 days, those whose service and destination are known by name'),
        now: nowSchema,
        changes: z
          .array(changeSchema)
          .readonly()
          .describe('of policy and exceptions within 24 hours, the newest first'),
        days: z
          .array(z.strictObject({ day: z.string(), allowed: z.int(), denied: z.int(), wouldDeny: z.int() }))
          .readonly(),
        fresh: z.array(edgeSchema).readonly().describe('destinations first seen within 24 hours, the newest'),
        freshCount: z.int(),
        broken: z.array(edgeSchema).readonly().describe('what worked within 30 days and is refused now'),
        brokenCount: z.int(),
        problems: z.array(z.string()).readonly(),
      })
      .readonly()
      .meta({ id: 'Overview' }),
  }),
};
