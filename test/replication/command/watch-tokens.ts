import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import type { OpenStack } from '../../cloud/openstack/openstack.ts';

// Tokens of several clouds, and the services that they come to: all servers are in this process.

type CloudName = 'home' | 'away';
type Clouds = Readonly<Record<CloudName, OpenStack<string>>>;

const portsOf = ({ authUrl, regions }: OpenStack<string>): readonly string[] =>
  [authUrl, ...Object.values(regions).map(({ url }) => url)].map((url) => new URL(url).port);

const isRequest = (message: unknown): message is { readonly request: IncomingMessage } =>
  typeof message === 'object' && message !== null && 'request' in message;

/**
 * Looks at the headers of every request to Keystone or Glance of one cloud for tokens that the other's Keystone has issued.
 * @returns what has come astray since, as `token of home at away: GET /v3/auth/tokens`; and how many came where they belong
 */
export const watchTokens = (clouds: Clouds) => {
  const strays: string[] = [];
  let belonging = 0;
  const names = ['home', 'away'] as const;
  const watch = (message: unknown): void => {
    if (!isRequest(message)) return;
    const { request } = message;
    const at = names.find((name) => portsOf(clouds[name]).includes(`${request.socket.localPort}`));
    if (at === undefined) return;
    for (const value of Object.values(request.headersDistinct).flat()) {
      const of = names.find((name) => clouds[name].keystone.tokens.known(value ?? ''));
      if (of === at) belonging += 1;
      else if (of !== undefined) strays.push(`token of ${of} at ${at}: ${request.method} ${request.url}`);
    }
  };
  subscribe('http.server.request.start', watch);
  onTestFinished(() => void unsubscribe('http.server.request.start', watch));
  return { strays: (): readonly string[] => strays, atHome: (): number => belonging };
};
