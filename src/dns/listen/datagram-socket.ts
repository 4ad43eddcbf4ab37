import { createSocket, type Socket } from 'node:dgram';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { DatagramSocket, ListenAddress, OnDatagram, OutDatagram, SendOutcome } from '../../transport/index.ts';

// Past it the kernel refuses datagrams for good, and every one that is held is memory.
const maxHeld = 256;

/** A socket of `node:dgram`; IPv6 takes no IPv4. */
export function createNodeDatagramSocket(receiveBufferBytes: number): DatagramSocket {
  let socket: Socket | null = null;
  return {
    bind: async (address, onDatagram, onError) => {
      socket = openSocket(address.host);
      return bindSocket(socket, { address, onDatagram, onError, receiveBufferBytes });
    },
    send: (batch, count) => (socket === null ? 'dropped' : sendNow(socket, batch, count)),
    close: () => closeSocket(socket),
  };
}

function openSocket(host: string): Socket {
  const family = host.includes(':') ? 6 : 4;
  return createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    // Addresses are never names here. Without this each send waits for a turn of the loop, and `bytes` would have changed.
    lookup: (name, _options, found) => found(null, name, family),
  });
}

interface Binding {
  readonly address: ListenAddress;
  readonly onDatagram: OnDatagram;
  readonly onError: () => void;
  readonly receiveBufferBytes: number;
}

function bindSocket(socket: Socket, binding: Binding): Promise<Result<ListenAddress>> {
  const { address, onDatagram, onError } = binding;
  return new Promise((resolve) => {
    let isBound = false;
    socket.on('error', (error) => {
      if (isBound) return onError();
      const message = `cannot listen on UDP \`${address.host}:${address.port}\`: ${error.message}`;
      resolve(failed(fault('listen_failed', message)));
    });
    socket.on('message', (bytes, peer) => onDatagram(bytes, peer.address, peer.port));
    socket.bind({ address: address.host, port: address.port, exclusive: true }, () => {
      isBound = true;
      raiseReceiveBuffer(socket, binding.receiveBufferBytes);
      resolve(ok({ host: address.host, port: socket.address().port }));
    });
  });
}

function raiseReceiveBuffer(socket: Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    // The default of the kernel is enough to serve; a larger one only rides out bursts.
    return;
  }
}

function sendNow(socket: Socket, batch: readonly OutDatagram[], count: number): SendOutcome {
  try {
    if (socket.getSendQueueCount() >= maxHeld) return 'dropped';
    for (let at = 0; at < count; at += 1) sendOne(socket, batch[at]);
    return socket.getSendQueueCount() === 0 ? 'sent' : 'held';
  } catch {
    // The socket was closed in between.
    return 'dropped';
  }
}

function sendOne(socket: Socket, datagram: OutDatagram | undefined): void {
  if (datagram === undefined) return;
  const { bytes, length, address, port } = datagram;
  try {
    // Without a callback an error of sending is told to nobody: a reply that is lost is asked for again.
    socket.send(bytes, 0, length, port, address);
  } catch {
    // What cannot be sent is lost alone, not with those behind it.
    return;
  }
}

function closeSocket(socket: Socket | null): Promise<void> {
  return new Promise((resolve) => {
    try {
      if (socket === null) resolve();
      else socket.close(() => resolve());
    } catch {
      // Closed already after an error of its own; closing was all that was wanted.
      resolve();
    }
  });
}
