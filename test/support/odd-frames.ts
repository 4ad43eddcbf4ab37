import { addressBytes, checksum } from './raw-packets.ts';

// Frames that a workload can put on its wire and that no rule opens: every protocol, every type of ICMP, every flag of TCP, sources and
// destinations of every kind, tunnels, tags, options, routing headers, ARP and neighbour discovery. Each carries the mark.

/** What a frame carries that must come nowhere. */
export const mark: Buffer = Buffer.from('marked-secret!');

/** The ends of the wire, and addresses that matter on both sides of the gateway. */
export interface OddPlace {
  readonly mac: string;
  readonly gatewayMac: string;
  readonly sources: { readonly 4: readonly [string, ...string[]]; readonly 6: readonly [string, ...string[]] };
  readonly destinations: { readonly 4: readonly [string, ...string[]]; readonly 6: readonly [string, ...string[]] };
}

/** All of them, in hexadecimal. No entry opens `closedPort`; names are read at `namePort`. */
export function oddFrames(
  place: OddPlace,
  ports: { readonly closedPort: number; readonly namePort: number },
): readonly string[] {
  return ([4, 6] as const).flatMap((family) => {
    const [from] = place.sources[family];
    const [to] = place.destinations[family];
    const wire: Wire = { ...place, family, from, to, closedPort: ports.closedPort };
    const targets = place.destinations[family];
    return [
      ...numberedFrames(wire, ports.namePort),
      ...place.sources[family].flatMap((source) => targets.flatMap((target) => addressedFrames(wire, source, target))),
      ...targets.flatMap((target) => [...wrappedFrames(wire, target), ...findingFrames(wire, target)]),
    ];
  });
}

interface Wire extends Pick<OddPlace, 'mac' | 'gatewayMac'> {
  readonly family: 4 | 6;
  readonly from: string;
  readonly to: string;
  readonly closedPort: number;
}

// Every protocol, type of ICMP and set of flags.
function numberedFrames({ family, from, to, closedPort, ...wire }: Wire, namePort: number): readonly string[] {
  const quoted = writeIp(17, { from: to, to: from, body: Buffer.alloc(8) });
  const body = Buffer.concat([Buffer.from('1100010400000000', 'hex'), udp(from, to, closedPort)]);
  return Array.from({ length: 256 }, (_, number) => {
    const icmpBody = icmp(family, { from, to, type: number, more: quoted });
    return [
      ...(number === 6 ? [] : [writeIp(number, { from, to, body })]),
      writeIp(family === 4 ? 1 : 58, { from, to, body: icmpBody, hops: 255 }),
      ...[closedPort, namePort].map((port) => writeIp(6, { from, to, body: tcp(from, to, { port, flags: number }) })),
    ].map((packet) => frameOf(wire, packet));
  }).flat();
}

// Whatever it says of where it comes from and goes to.
function addressedFrames({ closedPort, ...wire }: Wire, from: string, to: string): readonly string[] {
  const datagram = writeIp(17, { from, to, body: udp(from, to, closedPort) });
  const segment = writeIp(6, { from, to, body: tcp(from, to, { port: closedPort, flags: 2 }) });
  return [
    frameOf(wire, datagram),
    frameOf({ ...wire, gatewayMac: 'ff:ff:ff:ff:ff:ff' }, datagram),
    frameOf(wire, segment),
  ];
}

// Tunnels, source routes, and tags around one datagram. The options: loose and strict routes, a record of one, a time stamp, an alert, security.
function wrappedFrames({ family, from, to, closedPort, ...wire }: Wire, target: string): readonly string[] {
  const body = udp(from, to, closedPort);
  const inner = writeIp(17, { from, to, body });
  const gre = Buffer.concat([Buffer.from(family === 4 ? '00000800' : '000086dd', 'hex'), inner]);
  const options = ['830704', '890704', '072704', '442805', '940400', '820b00'];
  const routed =
    family === 4
      ? options.map((option) => writeIp(17, { from, to: target, body, options: padded(option, to) }))
      : ['00', '02', '04'].map((kind) => writeIp(43, { from, to: target, body: routedBody(kind, to, body) }));
  const tunnels = [
    writeIp(family === 4 ? 4 : 41, { from, to: target, body: inner }),
    writeIp(47, { from, to: target, body: gre }),
  ];
  const tags = ['81000000', '81000064', '8100e001', '88a80000', '88a80064'];
  return [
    ...[...tunnels, ...routed].map((packet) => frameOf(wire, packet)),
    ...tags.map((tag) => frameOf(wire, inner, tag)),
  ];
}

// ARP requests and answers; solicitations, advertisements of routers and neighbours, and redirects.
function findingFrames({ family, mac, gatewayMac, from }: Wire, target: string): readonly string[] {
  const everybody = { mac, gatewayMac: family === 4 ? 'ff:ff:ff:ff:ff:ff' : '33:33:00:00:00:01' };
  if (family === 4) {
    const ends = [hexOf(mac), hexAddress(from), '0'.repeat(12), hexAddress(target), mark.toString('hex')].join('');
    const head = `${hexOf(everybody.gatewayMac)}${hexOf(mac)}0806000108000604`;
    return ['0001', '0002'].map((act) => `${head}${act}${ends}`);
  }
  return [133, 134, 135, 136, 137].flatMap((type) =>
    [from, 'fe80::99'].flatMap((source) =>
      ['ff02::1', target].map((to) => {
        const said = type === 134 ? Buffer.alloc(8) : addressBytes(target);
        const more = Buffer.concat([said, Buffer.from(`0101${hexOf(mac)}`, 'hex')]);
        const body = icmp(6, { from: source, to, type, more, word: 1_800 });
        const packet = writeIp(58, { from: source, to, body, hops: 255 });
        return frameOf(to === target ? { mac, gatewayMac } : everybody, packet);
      }),
    ),
  );
}

function frameOf({ mac, gatewayMac }: Pick<Wire, 'mac' | 'gatewayMac'>, packet: Buffer, tag = ''): string {
  const type = (packet[0] ?? 0) >> 4 === 6 ? '86dd' : '0800';
  return `${hexOf(gatewayMac)}${hexOf(mac)}${tag}${type}${packet.toString('hex')}`;
}

interface Packet {
  readonly from: string;
  readonly to: string;
  readonly body: Buffer;
  readonly hops?: number;
  readonly options?: Buffer;
}

function writeIp(number: number, { from, to, body, hops = 64, options = Buffer.alloc(0) }: Packet): Buffer {
  if (from.includes(':')) {
    const head = Buffer.concat([
      Buffer.from([0x60, 0, 0, 0, 0, 0, number, hops]),
      addressBytes(from),
      addressBytes(to),
    ]);
    head.writeUInt16BE(body.length, 4);
    return Buffer.concat([head, body]);
  }
  const head = Buffer.concat([Buffer.alloc(12), addressBytes(from), addressBytes(to), options]);
  head[0] = 0x40 | (head.length / 4);
  head.writeUInt16BE(head.length + body.length, 2);
  head[8] = hops;
  head[9] = number;
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, body]);
}

function udp(from: string, to: string, port: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(68, 0);
  head.writeUInt16BE(port, 2);
  head.writeUInt16BE(8 + mark.length, 4);
  return summed(17, { from, to }, head, 6);
}

function tcp(from: string, to: string, { port, flags }: { readonly port: number; readonly flags: number }): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(61_000 + flags, 0);
  head.writeUInt16BE(port, 2);
  head[12] = 0x50;
  head[13] = flags;
  return summed(6, { from, to }, head, 16);
}

interface IcmpMessage {
  readonly from: string;
  readonly to: string;
  readonly type: number;
  readonly more: Buffer;
  readonly word?: number;
}

function icmp(family: 4 | 6, { type, more, word = 0, ...ends }: IcmpMessage): Buffer {
  const head = Buffer.concat([Buffer.from([type, 0, 0, 0, 0, 0, word >> 8, word & 255]), more]);
  if (family === 6) return summed(58, ends, head, 2);
  const whole = Buffer.concat([head, mark]);
  whole.writeUInt16BE(checksum(whole), 2);
  return whole;
}

function routedBody(kind: string, to: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`1102${kind}0100000000`, 'hex'), addressBytes(to), body]);
}

function padded(option: string, to: string): Buffer {
  return Buffer.concat([Buffer.from(option, 'hex'), addressBytes(to), Buffer.alloc(40)]).subarray(0, 40);
}

function summed(
  number: number,
  { from, to }: { readonly from: string; readonly to: string },
  head: Buffer,
  at: number,
): Buffer {
  const whole = Buffer.concat([head, mark]);
  const tail = Buffer.from([0, 0, whole.length >> 8, whole.length & 255, 0, 0, 0, number]);
  whole.writeUInt16BE(checksum(Buffer.concat([addressBytes(from), addressBytes(to), tail, whole])), at);
  return whole;
}

function hexAddress(address: string): string {
  return addressBytes(address).toString('hex');
}

function hexOf(mac: string): string {
  return mac.replaceAll(':', '');
}
