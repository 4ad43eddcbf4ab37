/** How HTTP/2 starts without TLS (RFC 9113 section 3.4). */
export const http2Preface: Uint8Array = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Preface, settings and one GET whose path is not compressed, so that a mark in it can be read as text. */
export function writeHttp2Request(host: string, path: string): Uint8Array {
  const block = Buffer.concat([
    // :method GET and :scheme http by their index (RFC 7541 appendix A), :path and :authority as literals.
    Buffer.from([0x82, 0x86]),
    literal(4, path),
    literal(1, host),
  ]);
  return Buffer.concat([http2Preface, frame(4, 0, Buffer.alloc(0)), frame(1, 5, block)]);
}

/** Settings, and a GOAWAY whose debug data says `text` (RFC 9113 section 6.8): an answer without streams. */
export function writeHttp2Goodbye(text: string): Uint8Array {
  return Buffer.concat([
    frame(4, 0, Buffer.alloc(0)),
    frame(7, 0, Buffer.concat([Buffer.alloc(8), Buffer.from(text)])),
  ]);
}

// Flags: 5 is END_STREAM and END_HEADERS; only HEADERS belongs to a stream, the first one of a client.
function frame(type: number, flags: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(type === 1 ? 1 : 0, 5);
  return Buffer.concat([head, payload]);
}

// A literal without indexing, its name by index, no Huffman code (RFC 7541 section 6.2.2); texts of ours stay below 127 bytes.
function literal(index: number, text: string): Buffer {
  const bytes = Buffer.from(text.slice(0, 126), 'latin1');
  return Buffer.concat([Buffer.from([index, bytes.length]), bytes]);
}
