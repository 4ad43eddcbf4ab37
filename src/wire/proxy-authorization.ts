import { decodeBase64, ok, type Result } from '../base/index.ts';
import { strictUtf8 } from './utf8.ts';
import { failedAs, type WireFault } from './wire-fault.ts';

/** A proof as presented to the proxy in a field or by SOCKS5, not verified. Of the shape of identity's `PresentedProof`. */
export type ProxyProof =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

// A signed token with many claims is 2-4 KiB; the head has 16 KiB in all.
const longestValue = 12_288;
// RFC 6750 section 2.1.
const bearerToken = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads the value of `Proxy-Authorization`: `Basic` (RFC 7617, UTF-8) or `Bearer` (RFC 6750), scheme in any case, one space.
 * Faults: `proof_scheme_unsupported`, `proof_malformed`; no message holds any of the value.
 */
export function parseProxyAuthorization(value: string): Result<ProxyProof, WireFault> {
  if (value.length > longestValue)
    return failedAs('proof_malformed', `the proof is longer than ${longestValue} characters`);
  const space = value.indexOf(' ');
  const scheme = (space < 0 ? value : value.slice(0, space)).toLowerCase();
  const rest = space < 0 ? '' : value.slice(space + 1);
  if (scheme === 'basic') return parseBasic(rest);
  if (scheme !== 'bearer') return failedAs('proof_scheme_unsupported', 'the scheme is neither Basic nor Bearer');
  if (!bearerToken.test(rest))
    return failedAs('proof_malformed', 'the Bearer token holds other characters than RFC 6750 allows');
  return ok({ kind: 'bearer', token: rest });
}

function parseBasic(encoded: string): Result<ProxyProof, WireFault> {
  const bytes = decodeBase64(encoded);
  const text = bytes === null ? null : strictUtf8(bytes);
  const colon = text?.indexOf(':') ?? -1;
  if (text === null || colon < 0) {
    return failedAs(
      'proof_malformed',
      'the Basic proof is not base64 of `user:password` in UTF-8 without control characters',
    );
  }
  return ok({ kind: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) });
}
