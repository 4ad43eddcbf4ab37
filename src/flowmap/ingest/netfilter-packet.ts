/** A packet as the LOG target of iptables and nftables writes it. */
export interface NetfilterPacket {
  /** The rule's own words in front: the only place that may say what became of the packet. */
  readonly prefix: string;
  /** The first of each `KEY=value`: a datagram has a second LEN, its own without the IP header. */
  readonly fields: ReadonlyMap<string, string>;
  /** Words without a value behind PROTO: the TCP flags among them. */
  readonly flags: ReadonlySet<string>;
}

// nftables puts its prefix right before `IN=` if it does not end in a blank.
const head = /IN=\S* OUT=\S*(?: |$)/;

/** Whether a text holds a logged packet. */
export function isNetfilterLine(text: string): boolean {
  return head.test(text) && / SRC=\S+ DST=\S+ LEN=\d+ .*PROTO=\S+/.test(text);
}

/** Reads a packet; null for text that holds none. */
export function parseNetfilterPacket(text: string): NetfilterPacket | null {
  const found = head.exec(text);
  if (found === null) return null;
  // An ICMP error ends in the packet that it is about, in brackets, with keys of the same names.
  const body = text.slice(found.index).split(' [', 1)[0] ?? '';
  const fields = new Map<string, string>();
  const flags = new Set<string>();
  for (const token of body.split(' ')) {
    const equals = token.indexOf('=');
    if (equals > 0) {
      const key = token.slice(0, equals);
      if (!fields.has(key)) fields.set(key, token.slice(equals + 1));
    } else if (fields.has('PROTO')) flags.add(token);
  }
  return { prefix: text.slice(0, found.index), fields, flags };
}
