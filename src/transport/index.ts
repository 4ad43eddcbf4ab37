export type {
  DatagramCounts,
  DatagramPeer,
  DatagramSocket,
  OnDatagram,
  OutDatagram,
  ReplyPlace,
  SendOutcome,
} from './datagram-socket.ts';
export { type DriverChoice, nodeDriver, openDriver, openDriverOfFile, type TransportDriver } from './driver.ts';
export { onLines } from './line-reader.ts';
export { LiveFlows, type LiveFlowsOptions } from './live-flows.ts';
export { presentedChain } from './node/secure.ts';
export {
  type ConnectionCounts,
  createSessionListener,
  type SessionListener,
  type SessionListenerOptions,
} from './session-listener.ts';
export type {
  HandshakeMaterial,
  ListenAddress,
  ListenTarget,
  LiveLink,
  Transport,
  TransportOptions,
} from './transport.ts';
export { createTurns } from './turns.ts';
