import { ok, quoteInput, type Result } from '../base/index.ts';
import { type FieldList, fieldValues } from './head-fields.ts';
import type { HttpVersion, RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import { failedAs, type WireFault } from './wire-fault.ts';

/** Where a body ends. `until_close` is for responses only. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until_close' };

type Declared = Extract<BodyFraming, { kind: 'length' | 'chunked' }> | null;

// Fifteen digits stay exact as a JavaScript number.
const lengthDigits = /^[0-9]{1,15}$/;

/**
 * Where the body of a request ends (RFC 9112 section 6). Anything that two readers could frame in two ways is refused:
 * Transfer-Encoding with Content-Length, repeated lengths, signs, codings other than exactly `chunked`, codings in HTTP/1.0.
 * Faults: `framing_ambiguous`, `length_malformed`, `transfer_coding_unsupported`.
 */
export function bodyFraming(head: RequestHead): Result<BodyFraming, WireFault> {
  const declared = declaredFraming(head);
  return declared.ok ? ok(declared.value ?? { kind: 'none' }) : declared;
}

/** Where the body of a response ends, given the method that it answers. Faults: as {@link bodyFraming}. */
export function responseFraming(head: ResponseHead, requestMethod: string): Result<BodyFraming, WireFault> {
  const declared = declaredFraming(head);
  if (!declared.ok) return declared;
  if (hasNoBody(head.status, requestMethod)) return ok({ kind: 'none' });
  return ok(declared.value ?? { kind: 'until_close' });
}

// RFC 9110 section 6.4.1.
function hasNoBody(status: number, requestMethod: string): boolean {
  if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return true;
  return requestMethod === 'CONNECT' && status < 300;
}

function declaredFraming(head: FieldList & { readonly version: HttpVersion }): Result<Declared, WireFault> {
  const codings = fieldValues(head, 'transfer-encoding');
  const lengths = fieldValues(head, 'content-length');
  if (codings.length > 0 && lengths.length > 0) {
    return failedAs('framing_ambiguous', 'the head has both Transfer-Encoding and Content-Length');
  }
  if (codings.length > 0) return chunkedFraming(codings, head.version);
  if (lengths.length > 1) return failedAs('framing_ambiguous', 'the head has more than one Content-Length');
  const [length] = lengths;
  if (length === undefined) return ok(null);
  if (lengthDigits.test(length)) return ok({ kind: 'length', bytes: Number(length) });
  return failedAs('length_malformed', `length ${quoteInput(length)} is not a decimal number of at most 15 digits`);
}

function chunkedFraming(codings: readonly string[], version: HttpVersion): Result<Declared, WireFault> {
  if (version === '1.0') return failedAs('framing_ambiguous', 'HTTP/1.0 has no Transfer-Encoding');
  const [coding = ''] = codings;
  if (codings.length === 1 && coding === 'chunked') return ok({ kind: 'chunked' });
  return failedAs('transfer_coding_unsupported', `coding ${quoteInput(codings.join(', '))} is not exactly \`chunked\``);
}
