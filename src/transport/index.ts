export { createNodeTransport } from './node/listener.ts';
export { presentedChain } from './node/secure.ts';
export type { HandshakeMaterial, ListenAddress, LiveLink, Transport, TransportOptions } from './transport.ts';
