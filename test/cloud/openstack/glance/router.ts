import { GlanceError, notFound } from './errors.ts';
import type { Handler } from './request.ts';

/** Handlers by method, under a path such as /v2/images/:image/file. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

export interface Matched {
  readonly handler: Handler;
  readonly params: ReadonlyMap<string, string>;
}

/** Of these Glance refuses no other method: it does not know the path then (glance/api/v2/router.py). */
const otherMethodsMiss = new Set(['/v2/images/:image/tasks', '/v2/info/usage']);

/** @throws GlanceError 404 for an unknown path, 405 with Allow for another method on a known one */
export function matchRoute(routes: Routes, method: string, path: string): Matched {
  for (const [pattern, methods] of Object.entries(routes)) {
    const params = matchPath(pattern, path);
    if (!params) continue;
    const handler = methods[method];
    if (handler) return { handler, params };
    if (otherMethodsMiss.has(pattern)) break;
    throw new GlanceError(405, '', '', { Allow: Object.keys(methods).join(', ') });
  }
  throw notFound();
}

function matchPath(pattern: string, path: string): Map<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params = new Map<string, string>();
  for (const [index, name] of wanted.entries()) {
    const value = given[index] ?? '';
    if (name.startsWith(':') && value !== '') params.set(name.slice(1), decodeURIComponent(value));
    else if (name !== value) return undefined;
  }
  return params;
}
