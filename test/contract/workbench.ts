import { afterAll, beforeAll } from 'vitest';
import { type Ask, type Asked, ask, signIn } from './client.ts';
import type { ContractCloud, SignedIn } from './cloud.ts';

/** A signed-in pair of users and the images they made, which are gone afterwards. */
export interface Workbench {
  readonly cloud: ContractCloud;
  readonly owner: SignedIn;
  readonly other: SignedIn;
  /** A path below the image endpoint, asked by the owner unless a token is given. */
  glance(method: string, path: string, options?: Ask): Promise<Asked>;
  patch(imageId: string, changes: unknown, options?: Ask): Promise<Asked>;
  /** A queued image of the owner. */
  queued(fields?: Readonly<Record<string, unknown>>): Promise<string>;
  /** An active raw image of the owner. */
  active(data: string): Promise<string>;
  /** Remembers an image so that it is deleted. */
  made(imageId: string): string;
}

export const octets = { 'Content-Type': 'application/octet-stream' };
const jsonPatch = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' };

/** Signs both users in before the tests of the file and deletes their images after them. */
export function useWorkbench(cloudOf: () => ContractCloud): () => Workbench {
  let bench: Workbench | undefined;
  const images: string[] = [];

  beforeAll(async () => {
    bench = await openWorkbench(cloudOf(), images);
  });

  afterAll(async () => {
    for (const id of images) {
      await bench?.patch(id, [{ op: 'replace', path: '/protected', value: false }]);
      await bench?.glance('DELETE', `/v2/images/${id}`);
    }
  });

  return () => {
    if (!bench) throw new Error('the workbench is ready only inside a test');
    return bench;
  };
}

async function openWorkbench(cloud: ContractCloud, images: string[]): Promise<Workbench> {
  const owner = await signIn(cloud, cloud.owner);
  const other = await signIn(cloud, cloud.other);
  const glance: Workbench['glance'] = (method, path, options = {}) =>
    ask(method, cloud.glanceUrl + path, { token: owner.token, ...options });
  const made = (imageId: string): string => {
    images.push(imageId);
    return imageId;
  };
  const queued: Workbench['queued'] = async (fields = {}) => {
    const formats = { disk_format: 'raw', container_format: 'bare' };
    const answer = await glance('POST', '/v2/images', { json: { name: 'contract', ...formats, ...fields } });
    return made(String(answer.field('id')));
  };
  return {
    ...{ cloud, owner, other, glance, made, queued },
    patch: (imageId, changes, options = {}) =>
      glance('PATCH', `/v2/images/${imageId}`, {
        ...options,
        body: typeof changes === 'string' ? changes : JSON.stringify(changes),
        headers: { ...jsonPatch, ...options.headers },
      }),
    async active(data) {
      const id = await queued();
      const store = cloud.store === undefined ? {} : { 'X-Image-Meta-Store': cloud.store };
      await glance('PUT', `/v2/images/${id}/file`, { headers: { ...octets, ...store }, body: data });
      return id;
    },
  };
}
