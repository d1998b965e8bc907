import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Glance } from './glance/glance.ts';
import { type DefaultRegion, type OpenStack, type OpenStackOptions, startOpenStack } from './openstack.ts';

export const formats = { disk_format: 'raw', container_format: 'bare' };
export const hello = Buffer.from('hello world');

/** An emulated cloud for the tests of one file, and calls on it. */
export interface CloudInUse<Region extends string = DefaultRegion> {
  readonly cloud: OpenStack<Region>;
  readonly dataDir: string;
  /** A path below /v2/images, asked with a fresh token of user `demo` unless another is named. */
  call(glance: Glance, path: string, init?: RequestInit, user?: string): Promise<Response>;
  put(glance: Glance, imageId: string, body: Buffer): Promise<Response>;
  download(glance: Glance, imageId: string, headers?: Record<string, string>): Promise<Buffer>;
}

/** Starts a cloud before the tests of the file and stops it after them. */
export function useOpenStack<const Region extends string = DefaultRegion>(
  options: Omit<OpenStackOptions<Region>, 'dataDir'> = {},
): () => CloudInUse<Region> {
  let inUse: CloudInUse<Region> | undefined;

  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'openstack-'));
    inUse = callsOn(await startOpenStack<Region>({ ...options, dataDir }), dataDir);
  });

  afterAll(async () => {
    await inUse?.cloud.stop();
    if (inUse) await rm(inUse.dataDir, { recursive: true });
  });

  return () => {
    if (!inUse) throw new Error('the cloud is there only inside a test');
    return inUse;
  };
}

function callsOn<Region extends string>(cloud: OpenStack<Region>, dataDir: string): CloudInUse<Region> {
  const call: CloudInUse['call'] = (glance, path, init = {}, user = 'demo') => {
    const headers = { 'X-Auth-Token': cloud.issueToken(user), Accept: 'application/json', ...init.headers };
    return fetch(`${glance.url}/v2/images/${path}`, { ...init, headers });
  };
  return {
    cloud,
    dataDir,
    call,
    put: (glance, imageId, body) =>
      call(glance, `${imageId}/file`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/octet-stream' },
        body: new Uint8Array(body),
      }),
    download: async (glance, imageId, headers = {}) =>
      Buffer.from(await (await call(glance, `${imageId}/file`, { headers })).arrayBuffer()),
  };
}
