import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { readAuditSearch } from './audit/search.ts';
import { readDecisionSearch } from './decisions/search.ts';
import { readListSearch, readRequestSearch } from './exceptions/search.ts';
import { readFlowMapSearch } from './flow-map/search.ts';
import { readOpenSearch } from './open/search.ts';
import { readEditSearch, readServicesSearch } from './policy/search.ts';
import { NotFound } from './ui/not-found.tsx';
import { PageFailure } from './ui/page-failure.tsx';
import { Shell } from './ui/shell.tsx';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageFailure });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./overview/overview-page.tsx'), 'OverviewPage'),
});

const exceptions = createRoute({
  getParentRoute: () => root,
  path: '/exceptions',
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import('./exceptions/list-page.tsx'), 'ListPage'),
});

const request = createRoute({
  getParentRoute: () => root,
  path: '/exceptions/new',
  validateSearch: readRequestSearch,
  component: lazyRouteComponent(() => import('./exceptions/request-page.tsx'), 'RequestPage'),
});

const exception = createRoute({
  getParentRoute: () => root,
  path: '/exceptions/$id',
  component: lazyRouteComponent(() => import('./exceptions/exception-page.tsx'), 'ExceptionPage'),
});

const open = createRoute({
  getParentRoute: () => root,
  path: '/open',
  validateSearch: readOpenSearch,
  component: lazyRouteComponent(() => import('./open/open-page.tsx'), 'OpenPage'),
});

const decisions = createRoute({
  getParentRoute: () => root,
  path: '/decisions',
  validateSearch: readDecisionSearch,
  component: lazyRouteComponent(() => import('./decisions/decisions-page.tsx'), 'DecisionsPage'),
});

const policy = createRoute({
  getParentRoute: () => root,
  path: '/policy',
  validateSearch: readServicesSearch,
  component: lazyRouteComponent(() => import('./policy/services-page.tsx'), 'ServicesPage'),
});

const service = createRoute({
  getParentRoute: () => root,
  path: '/policy/services/$id',
  component: lazyRouteComponent(() => import('./policy/service-page.tsx'), 'ServicePage'),
});

const policyHistory = createRoute({
  getParentRoute: () => root,
  path: '/policy/history',
  component: lazyRouteComponent(() => import('./policy/history-page.tsx'), 'HistoryPage'),
});

const edit = createRoute({
  getParentRoute: () => root,
  path: '/policy/edit',
  validateSearch: readEditSearch,
  component: lazyRouteComponent(() => import('./policy/edit-page.tsx'), 'EditPage'),
});

const flowMap = createRoute({
  getParentRoute: () => root,
  path: '/flow-map',
  validateSearch: readFlowMapSearch,
  component: lazyRouteComponent(() => import('./flow-map/flow-map-page.tsx'), 'FlowMapPage'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
});

const breakGlass = createRoute({
  getParentRoute: () => root,
  path: '/break-glass',
  component: lazyRouteComponent(() => import('./break-glass/break-glass-page.tsx'), 'BreakGlassPage'),
});

const passkeys = createRoute({
  getParentRoute: () => root,
  path: '/passkeys',
  component: lazyRouteComponent(() => import('./passkeys/passkeys-page.tsx'), 'PasskeysPage'),
});

/** Every page by its path; each page is a chunk of its own. */
export const router = createRouter({
  routeTree: root.addChildren([
    home,
    exceptions,
    request,
    exception,
    open,
    decisions,
    audit,
    breakGlass,
    passkeys,
    policy,
    service,
    policyHistory,
    edit,
    flowMap,
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
