import type { z } from 'zod';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { AnyEndpoint } from './contract/index.ts';
import type { RequestFault } from './problems.ts';

/** The parts of a request as they came. */
export interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly ifMatch: string | undefined;
  readonly idempotencyKey: string | undefined;
}

/** The parts of a request, checked. */
export interface ReadRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly ifMatch: number | null;
  readonly idempotencyKey: string | null;
}

const mostFields = 20;
const etagText = /^(?:W\/)?"(\d{1,15})"$/;
const keyText = /^[\x21-\x7e]{1,128}$/;

/** Checks a request against its endpoint. Fault: `request_malformed`, with every field that is wrong. */
export function readRequest(endpoint: AnyEndpoint, raw: RawRequest): Result<ReadRequest, RequestFault> {
  const parts = [
    read('path', endpoint.params, raw.params),
    read('query', endpoint.query, raw.query),
    read('body', endpoint.body, raw.body ?? {}),
  ] as const;
  const fields = parts.flatMap((part) => part.fields);
  if (fields.length > 0) return malformed(fields);
  const [params, query, body] = parts;
  const ifMatch = readIfMatch(raw.ifMatch);
  if (ifMatch === false) return malformed([{ at: 'If-Match', message: 'is not an `ETag` of ours' }]);
  const key = raw.idempotencyKey;
  if (key !== undefined && !keyText.test(key)) {
    return malformed([{ at: 'Idempotency-Key', message: 'is 1 to 128 printable ASCII characters without spaces' }]);
  }
  return ok({
    params: params.value,
    query: query.value,
    body: body.value,
    ifMatch,
    idempotencyKey: endpoint.isAct ? (key ?? null) : null,
  });
}

interface ReadPart {
  readonly value: unknown;
  readonly fields: readonly { readonly at: string; readonly message: string }[];
}

function read(place: string, schema: z.ZodType, value: unknown): ReadPart {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, fields: [] };
  const fields = parsed.error.issues
    .slice(0, mostFields)
    .map(({ path, message }) => ({ at: [place, ...path.map(String)].join('.'), message }));
  return { value: null, fields };
}

// `*` matches whatever is there, which is what no header means as well.
function readIfMatch(text: string | undefined): number | null | false {
  if (text === undefined || text === '*') return null;
  const place = etagText.exec(text)?.[1];
  return place === undefined ? false : Number(place);
}

function malformed(fields: RequestFault['fields'] & object): Result<never, RequestFault> {
  const said = fields.map(({ at, message }) => `${at}: ${message}`).join('; ');
  return failed({ ...fault('request_malformed', said), fields });
}
