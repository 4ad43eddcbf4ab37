// What the pure rooms may use of the platform: the same names in Node and in a browser, nothing that does I/O.
// The declarations agree with lib.dom and @types/node, which the outer projects load instead of this file.

interface PureUrl {
  readonly hostname: string;
  readonly port: string;
  readonly protocol: string;
  readonly pathname: string;
  readonly search: string;
}
declare var URL: { new (text: string, base?: string): PureUrl; canParse(text: string): boolean };
declare var TextEncoder: { new (): { encode(text: string): Uint8Array<ArrayBuffer> } };
declare var TextDecoder: {
  new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }): { decode(bytes?: Uint8Array): string };
};
