/** What a made ClientHello says. */
export interface HelloOptions {
  /** The server name; null sends no such extension. */
  readonly serverName: string | null;
  /** Adds an `encrypted_client_hello` extension (0xfe0d). Default: false. */
  readonly hasEch?: boolean;
  /** Says that data in the same flight follows (RFC 8446 4.2.10). Default: false. */
  readonly hasEarlyData?: boolean;
  /** Names the server a second time, in a second extension. Default: null, only once. */
  readonly secondName?: string | null;
  /** Bytes of padding, to make it large. Default: 0. */
  readonly paddingBytes?: number;
  /** Largest record. Default: one record for all. */
  readonly recordBytes?: number;
}

/** A ClientHello (RFC 8446 4.1.2) as records on the wire, for what no honest client would send. */
export function helloBytes(options: HelloOptions): Buffer {
  const extensions = Buffer.concat([
    ...(options.serverName === null ? [] : [serverNameExtension(options.serverName)]),
    ...(options.secondName === undefined || options.secondName === null
      ? []
      : [serverNameExtension(options.secondName)]),
    extension(10, Buffer.from([0, 2, 0, 29])),
    extension(13, Buffer.from([0, 4, 4, 3, 8, 4])),
    extension(43, Buffer.from([2, 3, 4])),
    ...(options.hasEch === true ? [extension(0xfe0d, Buffer.alloc(64, 1))] : []),
    ...(options.hasEarlyData === true ? [extension(42, Buffer.alloc(0))] : []),
    ...(options.paddingBytes === undefined ? [] : [extension(21, Buffer.alloc(options.paddingBytes))]),
  ]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    Buffer.from([0, 0, 4, 0x13, 1, 0xc0, 0x2f, 1, 0]),
    u16(extensions.length),
    extensions,
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
  return records(handshake, options.recordBytes ?? handshake.length);
}

function records(handshake: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < handshake.length; at += size) {
    const part = handshake.subarray(at, at + size);
    parts.push(Buffer.from([0x16, 3, 1]), u16(part.length), part);
  }
  return Buffer.concat(parts);
}

function serverNameExtension(name: string): Buffer {
  const text = Buffer.from(name, 'latin1');
  return extension(0, Buffer.concat([u16(text.length + 3), Buffer.from([0]), u16(text.length), text]));
}

function extension(type: number, data: Buffer): Buffer {
  return Buffer.concat([u16(type), u16(data.length), data]);
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}
