/**
 * The most ports that names are read at, of TLS and HTTP together, wherever ports are told: configuration, helper, run. A run hands out a socket
 * of IPv4 and one of IPv6 for each, and one message takes 253 (SCM_MAX_FD).
 */
export const mostNamePorts = 120;
