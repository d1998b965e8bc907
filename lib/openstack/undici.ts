import type { Dispatcher } from 'undici';
import requestThrough from 'undici/lib/api/api-request.js';
import { parseURL } from 'undici/lib/core/util.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import retry from 'undici/lib/interceptor/retry.js';

// undici by its parts: its index loads fetch, WebSocket, caches and mocks as well, 0.6 MB that a function reads and runs at
// each cold start for nothing. The files are not promised by undici: its version is pinned, and every test goes through
// this one.

export { Agent, retry };

export type RequestOptions = Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & {
  readonly dispatcher: Dispatcher;
  /** GET when absent. */
  readonly method?: Dispatcher.HttpMethod;
};

/** undici's own `request`. @throws what undici throws, also for a URL that is none */
export const request = async (
  url: string,
  { dispatcher, method = 'GET', ...options }: RequestOptions,
): Promise<Dispatcher.ResponseData> => {
  const { origin, pathname, search } = parseURL(url);
  return await requestThrough.call(dispatcher, { ...options, method, origin, path: `${pathname}${search}` });
};
