/**
 * Code trouble as a value (never thrown): `code` is stable and lower-snake, `message` is for people.
 * Messages start lower-case, have no full stop and put user input in backticks: ``port `70000` is outside 1-65535``.
 */
export interface Fault<C extends string = string> {
  readonly code: C;
  readonly message: string;
}

/** Makes a fault: `fault('port_malformed', 'port `x` is not a number')`. */
export function fault<C extends string>(code: C, message: string): Fault<C> {
  return { code, message };
}

/** Thrown for a broken invariant or a caller's mistake, never for data from outside; `code` is stable. */
export class ExeatError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ExeatError';
    this.code = code;
  }
}
