import { z } from 'zod';
import { type Endpoint, makes, type Nothing } from './endpoint.ts';
import type { ExceptionAnswer } from './exception-types.ts';
import { exceptionSchema } from './exceptions.ts';
import { type AssertionBody, assertionBody } from './passkeys.ts';

const tag = 'break-glass';

/** The endpoints of break-glass, by operation id. */
export interface BreakGlassEndpoints {
  readonly challengeBreakGlass: Endpoint<
    Nothing,
    Nothing,
    { readonly key: string },
    { readonly nonce: string; readonly expiresAt: string }
  >;
  readonly declareBreakGlass: Endpoint<
    Nothing,
    Nothing,
    {
      readonly key: string;
      readonly document: string;
      readonly signature?: string | undefined;
      readonly assertion?: AssertionBody | undefined;
    },
    ExceptionAnswer
  >;
}

/** The endpoints of break-glass: no token, a signature of an enrolled key or passkey. */
export const breakGlassEndpoints: BreakGlassEndpoints = {
  challengeBreakGlass: makes({
    path: '/break-glass/challenge',
    tag,
    summary: 'ask for what must be signed; good for ten minutes and once',
    scopes: null,
    answer: z.strictObject({ nonce: z.string(), expiresAt: z.string() }).readonly(),
    body: z.strictObject({ key: z.string().min(1).max(128) }),
  }),
  declareBreakGlass: makes({
    path: '/break-glass',
    tag,
    summary: 'open one host and port at once, loudly, for at most an hour',
    scopes: null,
    body: z.strictObject({
      key: z.string().min(1).max(128).describe('an enrolled key or passkey'),
      document: z.string().min(2).max(8_192).describe('canonical JSON of what is declared'),
      signature: z.string().min(16).max(256).optional().describe('Ed25519 over the document, base64, by a key'),
      assertion: assertionBody.optional().describe('by a passkey: WebAuthn over the SHA-256 of what a key would sign'),
    }),
    answer: exceptionSchema,
  }),
};
