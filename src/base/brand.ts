declare const brand: unique symbol;

/** A `T` that only its own maker can make: `Brand<string, 'RuleId'>` is not assignable from a bare string. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
