import type { FastifyInstance } from 'fastify';

/** The methods that a path answers to, in order; none where nothing is. @internal */
export type AllowedMethods = (path: string) => readonly string[];

/** Listens for the routes that are added from now on, since the framework itself answers a wrong method as if nothing were there. @internal */
export function watchAllowedMethods(server: FastifyInstance): AllowedMethods {
  const routes: { readonly segments: readonly string[]; readonly methods: readonly string[] }[] = [];
  server.addHook('onRoute', ({ url, method }) => {
    routes.push({ segments: url.split('/'), methods: [method].flat() });
  });
  return (path) => {
    const segments = path.split('/');
    const methods = routes.flatMap((route) => (isMatch(route.segments, segments) ? route.methods : []));
    return [...new Set(methods)].sort();
  };
}

function isMatch(route: readonly string[], asked: readonly string[]): boolean {
  return route.length === asked.length && route.every((each, at) => each.startsWith(':') || each === asked[at]);
}
