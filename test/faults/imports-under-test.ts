import { createHash, randomBytes } from 'node:crypto';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { bytesPage } from '../integration/web-server.ts';
import type { Call } from './call-log.ts';
import type { Deployment, DeploymentName } from './deployment.ts';

const MiB = 1024 ** 2;

/** What an import is to do, and what may be expected of its target; owners change that meanwhile. */
export interface Prepared {
  readonly targetId: string;
  readonly sourceId: string | undefined;
  /** The request's body. */
  readonly body: object;
  /** The target after a failure: as it was before; `deleted` once its owner has done that. */
  before: Readonly<Record<string, unknown>> | 'deleted';
  /** What was set on the target may stay there, because Glance does not let anybody undo it. */
  mayKeepProperties?: boolean;
  /** Attributes of the target after a success. */
  wanted: Readonly<Record<string, unknown>>;
}

/** A kind of import. */
export interface ImportUnderTest {
  readonly name: string;
  readonly deployment: DeploymentName;
  /** By POST /import, or by invoking apply-metadata with a token, a target and a source. */
  readonly starts: 'by request' | 'alone';
  /** How it ends when nothing else goes wrong: the message of a failure, or undefined for a success. */
  readonly fails: RegExp | undefined;
  prepare(deployment: Deployment, options?: { readonly ownSource?: boolean }): Promise<Prepared>;
  /** What happens meanwhile, told of each call before it is made. */
  meanwhile?(call: Call, prepared: Prepared, deployment: Deployment): void;
}

export const formats = { disk_format: 'raw', container_format: 'bare' };
export const copied = { hw_disk_bus: 'scsi', os_distro: 'debian' };
const sourceImage = { ...formats, ...copied, name: 'source', architecture: 'x86_64' };
const own = { name: 'target', mine: 'kept' };

const sha512 = (bytes: Buffer): string => createHash('sha512').update(bytes).digest('hex');

/** Of one part, of two parts, and of three segments. A part has 5 MiB at least. */
const data = {
  tiny: randomBytes(64 * 1024),
  small: randomBytes(5 * MiB + 4096),
  large: randomBytes(10 * MiB + 4096),
};
const hashes = { tiny: sha512(data.tiny), small: sha512(data.small), large: sha512(data.large) };
type Size = keyof typeof data;

export const active = (size: Size) => ({
  status: 'active',
  size: data[size].length,
  os_hash_value: hashes[size],
});

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

export const fromGlance =
  (size: Size, wanted: object) =>
  async (deployment: Deployment, { ownSource = false } = {}): Promise<Prepared> => {
    const source = await sourceOf(deployment, size, ownSource);
    const before = await newTarget(deployment);
    return {
      ...{ targetId: before.id, sourceId: source.id, before, body: glanceDownload(source.id) },
      wanted: { ...formats, ...copied, ...own, ...wanted },
    };
  };

const fromWeb = async (deployment: Deployment, { chunked = false } = {}): Promise<Prepared> => {
  const before = await newTarget(deployment, formats);
  const path = `/${before.id}.raw`;
  deployment.web.pages.set(path, bytesPage(data.small, { chunked }));
  return {
    ...{ targetId: before.id, sourceId: undefined, before },
    body: { method: { name: 'web-download', uri: `${deployment.web.url}${path}` } },
    wanted: { ...formats, ...own, ...active('small') },
  };
};

const imports = (starts: ImportUnderTest['starts'], deployment: DeploymentName) =>
  ({ starts, deployment, fails: undefined }) as const;

/** Imports that arrive when nothing goes wrong. */
export const successes: readonly ImportUnderTest[] = [
  {
    ...{ name: 'one stream', ...imports('by request', 'standard') },
    prepare: fromGlance('small', active('small')),
  },
  {
    ...{ name: 'segments', ...imports('by request', 'segments') },
    prepare: fromGlance('large', active('large')),
  },
  {
    name: 'web-download',
    ...imports('by request', 'standard'),
    prepare: (deployment) => fromWeb(deployment),
  },
  {
    ...{ name: 'activation none', ...imports('by request', 'activation none') },
    prepare: fromGlance('small', { status: 'queued', size: null }),
  },
  {
    ...{ name: 'apply-metadata alone', ...imports('alone', 'standard') },
    prepare: fromGlance('small', { status: 'queued', size: null }),
  },
];

/** Imports whose source says less about itself; they take part in storms. */
export const variants: readonly ImportUnderTest[] = [
  {
    ...{ name: 'source without a hash', ...imports('by request', 'standard') },
    prepare: async (deployment) => {
      const prepared = await fromGlance('small', active('small'))(deployment, { ownSource: true });
      const nothing = { os_hash_algo: null, os_hash_value: null, checksum: null };
      deployment.cloud.openstack.regions.REGION1.change(prepared.sourceId ?? '', nothing);
      return prepared;
    },
  },
  {
    ...{ name: 'web-download of unknown length', ...imports('by request', 'standard') },
    prepare: (deployment) => fromWeb(deployment, { chunked: true }),
  },
];
