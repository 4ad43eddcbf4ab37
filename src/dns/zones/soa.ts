/** The numbers of a SOA record (RFC 1035 section 3.3.13): times in seconds, the serial as RFC 1982 counts. */
export interface Soa {
  readonly serial: number;
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  readonly expireSeconds: number;
  readonly minimumSeconds: number;
}

const numberBytes = 20;

/** Reads the numbers at the end of a SOA's data, or null where there is no room for them and two names. */
export function readSoa(data: Uint8Array): Soa | null {
  if (data.length < numberBytes + 2) return null;
  const view = new DataView(data.buffer, data.byteOffset + data.length - numberBytes, numberBytes);
  return {
    serial: view.getUint32(0),
    refreshSeconds: view.getUint32(4),
    retrySeconds: view.getUint32(8),
    expireSeconds: view.getUint32(12),
    minimumSeconds: view.getUint32(16),
  };
}

/** Whether a serial is later than another (RFC 1982 section 3.2): at most half the circle ahead of it. */
export function isLaterSerial(serial: number, than: number): boolean {
  const ahead = (serial - than) >>> 0;
  return ahead > 0 && ahead < 2 ** 31;
}
