import type { Fault } from './fault.ts';

/** The outcome of work that may say no: a value, or a fault that tells why. Data from outside never throws. */
export type Result<T, F = Fault> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: F };

/** Wraps a value as a successful result: `ok(3)` is `{ ok: true, value: 3 }`. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Wraps a fault as a failed result: `failed({ code: 'port_malformed', message: '…' })`. */
export function failed<F>(fault: F): { readonly ok: false; readonly fault: F } {
  return { ok: false, fault };
}
