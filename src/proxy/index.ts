export { createProxyListener, type ProxyListener } from './listener.ts';
export type { ProxyListenerOptions, ProxyTls } from './options.ts';
export { createPacListener, type PacListener, type PacListenerOptions } from './pac-listener.ts';
export type { ParentProxy } from './parent-url.ts';
