import { createHash, randomBytes } from 'node:crypto';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { bytesPage } from '../integration/web-server.ts';
import type { Deployment, DeploymentName } from './deployment.ts';

const MiB = 1024 ** 2;

/** What the target must be after a success, and where it comes from. */
export interface Prepared {
  readonly targetId: string;
  readonly sourceId: string | undefined;
  /** The request's body. */
  readonly body: object;
  /** As it was before. */
  readonly before: ImageView;
  /** Attributes after a success; `status` among them. */
  readonly wanted: Readonly<Record<string, unknown>>;
}

/** A kind of import. */
export interface ImportUnderTest {
  readonly name: string;
  readonly deployment: DeploymentName;
  /** How it ends when nothing is planned: the message of a failure, or undefined for a success. */
  readonly fails: RegExp | undefined;
  prepare(deployment: Deployment, options?: { readonly ownSource?: boolean }): Promise<Prepared>;
}

const formats = { disk_format: 'raw', container_format: 'bare' };
const copied = { hw_disk_bus: 'scsi', os_distro: 'debian' };
const sourceImage = { ...formats, ...copied, name: 'source', architecture: 'x86_64' };
const own = { name: 'target', mine: 'kept' };

const sha512 = (bytes: Buffer): string => createHash('sha512').update(bytes).digest('hex');

const data = { small: randomBytes(6 * MiB), large: randomBytes(16 * MiB) };
const hashes = { small: sha512(data.small), large: sha512(data.large) };
type Size = keyof typeof data;

const active = (size: Size) => ({ status: 'active', size: data[size].length, os_hash_value: hashes[size] });

const glanceDownload = (sourceId: string) => ({
  method: { name: 'glance-download', glance_region: 'REGION1', glance_image_id: sourceId },
});

const newTarget = (deployment: Deployment, attributes: object = {}): Promise<ImageView> =>
  deployment.cloud.openstack.regions.REGION2.createImage({ ...own, ...attributes });

const shared = new Map<Size, Promise<ImageView>>();

/** Runs share their source, unless one is going to change it. */
const sourceOf = (deployment: Deployment, size: Size, isOwn: boolean): Promise<ImageView> => {
  const { REGION1 } = deployment.cloud.openstack.regions;
  const made = (!isOwn && shared.get(size)) || REGION1.createImage(sourceImage, data[size]);
  if (!isOwn) shared.set(size, made);
  return made;
};

const fromGlance =
  (size: Size, wanted: object) =>
  async (deployment: Deployment, { ownSource = false } = {}): Promise<Prepared> => {
    const source = await sourceOf(deployment, size, ownSource);
    const before = await newTarget(deployment);
    return {
      ...{ targetId: before.id, sourceId: source.id, before, body: glanceDownload(source.id) },
      wanted: { ...formats, ...copied, ...own, ...wanted },
    };
  };

const fromWeb = async (deployment: Deployment): Promise<Prepared> => {
  const before = await newTarget(deployment, formats);
  const path = `/${before.id}.raw`;
  deployment.web.pages.set(path, bytesPage(data.small));
  return {
    ...{ targetId: before.id, sourceId: undefined, before },
    body: { method: { name: 'web-download', uri: `${deployment.web.url}${path}` } },
    wanted: { ...formats, ...own, ...active('small') },
  };
};

export const successes: readonly ImportUnderTest[] = [
  {
    ...{ name: 'one stream', deployment: 'standard', fails: undefined },
    prepare: fromGlance('small', active('small')),
  },
  {
    ...{ name: 'segments', deployment: 'segments', fails: undefined },
    prepare: fromGlance('large', active('large')),
  },
  { name: 'web-download', deployment: 'standard', fails: undefined, prepare: fromWeb },
  {
    ...{ name: 'activation none', deployment: 'activation none', fails: undefined },
    prepare: fromGlance('small', { status: 'queued', size: null }),
  },
];
