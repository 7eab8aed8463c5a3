import type { FastifyInstance } from 'fastify';

/** Which methods are served at a path, so that a wrong method is told from a wrong path. */
export interface KnownRoutes {
  methodsAt(path: string): readonly string[];
}

/** Notes every route that is registered after it. */
export function knownRoutes(app: FastifyInstance): KnownRoutes {
  const routes = new Map<string, { form: RegExp; methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { form: formOf(url), methods: new Set() };
    for (const one of [method].flat()) route.methods.add(one);
    routes.set(url, route);
  });
  return {
    methodsAt(path) {
      const found = [...routes.values()].filter(({ form }) => form.test(path)).flatMap(({ methods }) => [...methods]);
      return [...new Set(found)].sort();
    },
  };
}

/** `/a/:b/*` as a regular expression, linear in the path's length. */
function formOf(url: string): RegExp {
  const steps = url.split('/').map((step) => {
    if (step.startsWith(':')) return '[^/]+';
    return step === '*' ? '.*' : step.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${steps.join('/')}$`);
}
