/** Keys of the design that nothing enforces yet. Accepting one would promise what does not happen, so each is a fault. */
export const laterKeys: Readonly<Record<string, string>> = {
  'listen.dns': 'the DNS listener comes with the DNS issue',
  'audit.anchors': 'audit anchors come with the audit log',
  transportThreads: 'threads belong to the native transport, which comes with a later issue',
};
