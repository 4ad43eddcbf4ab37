import { z } from 'zod';

/** What a token may be used for. A token never carries more than its person may do. */
export const scopes = [
  'read',
  'audit:read',
  'exception:request',
  'exception:approve',
  'exception:revoke',
  'exception:review',
  'people:write',
  'token:write',
  'policy:write',
] as const;

/** One of {@link scopes}. */
export type Scope = (typeof scopes)[number];

/**
 * One operation of the API: what it takes, what it answers, what a token needs for it. `path` starts below `/api/v1`; its parameters stand in
 * braces. A token needs one of `scopes`; null where no token is asked for.
 */
export interface Endpoint<Params, Query, Body, Answer> {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly scopes: readonly Scope[] | null;
  readonly params: z.ZodType<Params>;
  readonly query: z.ZodType<Query>;
  readonly body: z.ZodType<Body>;
  readonly answer: z.ZodType<Answer>;
  readonly status: 200 | 201;
  /** Whether it changes something: then it takes an idempotency key, and says so in the log of acts. */
  readonly isAct: boolean;
  /** The most bytes of its body; null for what every endpoint has. Who calls is known before more than that is read. */
  readonly maxBodyBytes: number | null;
  /** Whether it goes on: then it answers server-sent events, each with an answer as its data. */
  readonly isStream: boolean;
}

/** Any endpoint. */
export type AnyEndpoint = Endpoint<unknown, unknown, unknown, unknown>;

/** What an endpoint is written with; what is left out is empty. */
interface EndpointParts<Params, Query, Body, Answer> {
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly scopes: readonly Scope[] | null;
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  readonly answer: z.ZodType<Answer>;
  readonly maxBodyBytes?: number;
}

/** What an endpoint without parameters, query or body takes. */
export type Nothing = Readonly<Record<string, never>>;

const nothing: z.ZodType<Nothing> = z.strictObject({});

/** An endpoint that only reads. */
export function reads<Answer, Params = Nothing, Query = Nothing>(
  parts: EndpointParts<Params, Query, Nothing, Answer>,
): Endpoint<Params, Query, Nothing, Answer> {
  return { ...filled(parts), method: 'GET', body: nothing, status: 200, isAct: false, isStream: false };
}

/** An endpoint that goes on telling, as server-sent events. */
export function streams<Answer, Query>(
  parts: EndpointParts<Nothing, Query, Nothing, Answer>,
): Endpoint<Nothing, Query, Nothing, Answer> {
  return { ...reads(parts), isStream: true };
}

/** An endpoint that only reads, and is told in a body what to look at. */
export function asks<Answer, Body>(
  parts: EndpointParts<Nothing, Nothing, Body, Answer>,
): Endpoint<Nothing, Nothing, Body, Answer> {
  return { ...acts(parts), isAct: false };
}

/** An endpoint that acts on something that is there. */
export function acts<Answer, Params = Nothing, Body = Nothing>(
  parts: EndpointParts<Params, Nothing, Body, Answer>,
): Endpoint<Params, Nothing, Body, Answer> {
  const body = parts.body ?? (nothing as z.ZodType<unknown> as z.ZodType<Body>);
  return {
    ...filled<Params, Nothing, Body, Answer>(parts),
    method: 'POST',
    body,
    status: 200,
    isAct: true,
    isStream: false,
  };
}

/** An endpoint that makes something new. */
export function makes<Answer, Body, Params = Nothing>(
  parts: EndpointParts<Params, Nothing, Body, Answer>,
): Endpoint<Params, Nothing, Body, Answer> {
  return { ...acts(parts), status: 201 };
}

function filled<Params, Query, Body, Answer>(
  parts: EndpointParts<Params, Query, Body, Answer>,
): Omit<Endpoint<Params, Query, Body, Answer>, 'method' | 'body' | 'status' | 'isAct' | 'isStream'> {
  const { path, tag, summary, answer } = parts;
  return {
    path,
    tag,
    summary,
    scopes: parts.scopes,
    answer,
    maxBodyBytes: parts.maxBodyBytes ?? null,
    params: parts.params ?? (nothing as z.ZodType<unknown> as z.ZodType<Params>),
    query: parts.query ?? (nothing as z.ZodType<unknown> as z.ZodType<Query>),
  };
}

/** One page of a list. `next` is the cursor of the page after it, null at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** The schema of a page. */
export function pageOf<T>(item: z.ZodType<T>): z.ZodType<Page<T>> {
  return z.strictObject({
    items: z.array(item).readonly(),
    next: z.string().nullable().describe('cursor of the next page, null at the end'),
  });
}

/** The most items of a page. */
export const mostItems = 500;

/** What every list takes: a page size and the cursor that the page before gave. */
export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The fields of {@link PageQuery}. */
export const pageQuery: {
  readonly limit: z.ZodType<number>;
  readonly cursor: z.ZodType<string | undefined>;
} = {
  limit: z.coerce.number().int().min(1).max(mostItems).default(100).describe('items of a page'),
  cursor: z.string().max(512).optional().describe('`next` of the page before'),
};
