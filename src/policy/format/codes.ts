/** The protocols in the order of their codes in the compiled policy. */
export const protocolCodes = ['tls', 'http', 'tcp', 'udp'] as const;

/** The kinds of services in the order of their codes in the compiled policy. */
export const serviceKinds = ['app', 'build', 'operator', 'agent'] as const;
