import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { FerryError } from '../errors.ts';

type Event = Pick<APIGatewayProxyEventV2, 'headers' | 'pathParameters'>;

/** Where a request was sent to. */
export interface Address {
  /** This deployment, as the client wrote it: `https://ferry.example`. */
  readonly root: string;
  /** The region in the path, as the gateway gives it; undefined in paths without one. */
  readonly region: string | undefined;
}

/** Host and port (RFC 9110 7.2), since the answer repeats it. */
const isHost = (host: string): boolean =>
  host.length <= 255 && /^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host);

/**
 * API Gateway says by which scheme it was asked; a local emulation says nothing.
 * @throws FerryError `bad-request` for an odd Host (RFC 9112 3.2)
 */
export const addressOf = ({ headers, pathParameters }: Event): Address => {
  const { host = 'localhost', 'x-forwarded-proto': proto } = headers;
  if (!isHost(host)) throw new FerryError('bad-request', 'The Host header is not valid.');
  const root = `${proto === 'https' ? 'https' : 'http'}://${host}`;
  return { root, region: pathParameters?.['region'] };
};

/** The path under which a region's image service is found here; empty for the one of no name. */
export const pathOf = (region: string | undefined): string =>
  region === undefined ? '' : `/regions/${encodeURIComponent(region.toWellFormed())}`;

/**
 * Where a region is found, for who has not been there. API Gateway decodes a path before it looks for its route, so a slash
 * in a name is encoded twice.
 */
export const regionUrl = (root: string, name: string): string =>
  `${root}${pathOf(name.replaceAll('/', '%2F'))}`;

/** Where a client that was sent to this address looks for the image service, without a slash at its end. */
export const urlOf = ({ root, region }: Address): string => `${root}${pathOf(region)}`;
