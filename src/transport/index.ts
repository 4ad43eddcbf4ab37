export { createNodeTransport } from './node/listener.ts';
export type { HandshakeMaterial, ListenAddress, LiveLink, Transport, TransportOptions } from './transport.ts';
