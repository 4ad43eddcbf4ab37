/** Keys of the design that nothing enforces yet. Accepting one would promise what does not happen, so each is a fault. */
export const laterKeys: Readonly<Record<string, string>> = {
  transportThreads: 'threads belong to the native transport, which comes with a later issue',
};
