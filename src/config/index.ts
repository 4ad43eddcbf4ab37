export type { AnchorConfig, AuditConfig } from './audit-config.ts';
export type {
  Config,
  DecisionsConfig,
  DnsConfig,
  GatewayConfig,
  IssuerConfig,
  JwksSource,
  LeaseSourceConfig,
  LimitsConfig,
  ListenConfig,
  LocalConfig,
  NamePorts,
  ResponseZoneConfig,
  TlsConfig,
  UpstreamProxyConfig,
} from './config.ts';
export { type ConfigFault, type ConfigFaultCode, renderConfigFault } from './config-fault.ts';
export { type ConfigKey, configJsonSchema, configKeys } from './config-keys.ts';
export { renderConfigReference } from './config-reference.ts';
export { type Endpoint, isLoopback, parseEndpoint } from './endpoint.ts';
export { type LoadConfigOptions, loadConfig } from './load-config.ts';
export { namePortsOf } from './name-ports.ts';
