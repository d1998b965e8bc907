import type { Dispatcher, RetryHandler } from 'undici';
import requestThrough from 'undici/lib/api/api-request.js';
import buildConnector from 'undici/lib/core/connect.js';
import { parseURL } from 'undici/lib/core/util.js';
import Agent from 'undici/lib/dispatcher/agent.js';

// undici by its parts: its index loads fetch, WebSocket, caches and mocks as well, code that each cold start would
// compile and run for nothing. undici does not promise these files: its version is pinned, and a test compares them with
// what its index hands out.

export { Agent, buildConnector };

export type RequestOptions = Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & {
  readonly dispatcher: Dispatcher;
  /** GET when absent. */
  readonly method?: Dispatcher.HttpMethod;
  /** Over those of a dispatcher that was composed with `retry`. */
  readonly retryOptions?: RetryHandler.RetryOptions;
};

/** undici's own `request`. @throws what undici throws, also for a URL that is none */
export const request = async (
  url: string,
  { dispatcher, method = 'GET', ...options }: RequestOptions,
): Promise<Dispatcher.ResponseData> => {
  const { origin, pathname, search } = parseURL(url);
  return await requestThrough.call(dispatcher, { ...options, method, origin, path: `${pathname}${search}` });
};
