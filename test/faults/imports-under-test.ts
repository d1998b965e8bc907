import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { bytesPage } from '../integration/web-server.ts';
import type { Call } from './call-log.ts';
import type { Deployment, DeploymentName } from './deployment.ts';
import { servedRegions, sourceGlance, sourceRegion, targetGlance } from './regions.ts';
import { active, bytesOf, newSource, type Replacement, replacementsOf, type Size } from './source-data.ts';

/** What an import is to do, and what may be expected of its target; owners change that meanwhile. */
export interface Prepared {
  readonly targetId: string;
  /** Of the target. */
  readonly region: string;
  /** The caller's. */
  readonly token: string;
  readonly sourceId: string | undefined;
  /** What the source may be replaced by, each under its id. */
  readonly replacements: readonly Replacement[];
  /** The request's body. */
  readonly body: object;
  /** The target after a failure: as it was before; `deleted` once its owner has done that. */
  before: Readonly<Record<string, unknown>> | 'deleted';
  /** What was set on the target may stay there, because Glance does not let anybody roll it back. */
  mayKeepProperties?: boolean;
  /** Attributes of the target after a success. */
  wanted: Readonly<Record<string, unknown>>;
  /** The call before which it is asked for; at once when absent. */
  joins?: (call: Call) => boolean;
  /** Other bytes that are as right: the source has had them. All imports of one source have the same list. */
  readonly orBytes: { readonly size: number; readonly os_hash_value: string }[];
}

/** The imports of one run; all but the first may have the same source. */
export type PreparedImports = readonly [Prepared, ...Prepared[]];

/** A kind of import, or of several side by side. */
export interface ImportUnderTest {
  readonly name: string;
  readonly deployment: DeploymentName;
  /**
   * By POST /import; by invoking apply-metadata with a token, a target and a source; or with the deployment's own rights, as
   * replication asks for it.
   */
  readonly starts: 'by request' | 'alone' | 'by replication';
  /** How it ends when nothing else goes wrong: the message of a failure, or undefined for a success. */
  readonly fails: RegExp | undefined;
  prepare(deployment: Deployment): Promise<PreparedImports>;
  /** What happens meanwhile, told of each call before it is made. */
  meanwhile?(call: Call, prepared: PreparedImports, deployment: Deployment): void;
}

export const formats = { disk_format: 'raw', container_format: 'bare' };
export const copied = { hw_disk_bus: 'scsi', os_distro: 'debian' };
const sourceImage = { ...formats, ...copied, name: 'source', architecture: 'x86_64' };
const own = { name: 'target', mine: 'kept' };

const glanceDownload = (sourceId: string) => ({
  method: { name: 'glance-download', glance_region: sourceRegion, glance_image_id: sourceId },
});

const newTarget = (deployment: Deployment, region: string, attributes: object = {}): Promise<ImageView> =>
  targetGlance(deployment, { region }).createImage({ ...own, ...attributes });

const [ownRegion = ''] = servedRegions;

/** What is imported, by whom and where to. */
export interface Wish {
  readonly size: Size;
  /** Of a target that has got it. */
  readonly wanted: object;
  /** Of the target; the deployment's own when absent. */
  readonly region?: string;
  /** Its image id, where another region's target has the same. */
  readonly targetId?: string;
  /** Whose source and target are; demo's when absent. */
  readonly user?: string;
  /** Of the source, where it has other imports as well. */
  readonly orBytes?: Prepared['orBytes'];
}

/** An import of a source that others may import as well. */
export const fromSource = async (
  deployment: Deployment,
  source: ImageView,
  wish: Wish,
): Promise<Prepared> => {
  const { size, wanted, region = ownRegion, targetId, user = 'demo', orBytes = [] } = wish;
  const named = targetId === undefined ? {} : { id: targetId };
  const before = await newTarget(deployment, region, { ...named, owner: user });
  return {
    ...{ targetId: before.id, region, sourceId: source.id, before, orBytes },
    token: deployment.cloud.openstack.issueToken(user),
    replacements: await replacementsOf(deployment, size),
    body: glanceDownload(source.id),
    wanted: { ...formats, ...copied, ...own, ...wanted },
  };
};

/** An image of another region. */
export const sourceFor = (deployment: Deployment, { size, user = 'demo' }: Wish): Promise<ImageView> =>
  newSource(deployment, { ...sourceImage, owner: user }, size);

export const fromGlance =
  (size: Size, wanted: object) =>
  async (deployment: Deployment): Promise<Prepared> => {
    const wish = { size, wanted };
    return await fromSource(deployment, await sourceFor(deployment, wish), wish);
  };

/** A single import. */
export const one =
  (prepare: (deployment: Deployment) => Promise<Prepared>): ImportUnderTest['prepare'] =>
  async (deployment) => [await prepare(deployment)];

const fromWeb =
  ({ chunked = false } = {}) =>
  async (deployment: Deployment): Promise<Prepared> => {
    const before = await newTarget(deployment, ownRegion, formats);
    const path = `/${before.id}.raw`;
    deployment.web.pages.set(path, bytesPage(bytesOf('small'), { chunked }));
    return {
      ...{
        targetId: before.id,
        region: ownRegion,
        sourceId: undefined,
        replacements: [],
        before,
        orBytes: [],
      },
      token: deployment.cloud.openstack.issueToken('demo'),
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
    prepare: one(fromGlance('small', active('small'))),
  },
  {
    ...{ name: 'segments', ...imports('by request', 'segments') },
    prepare: one(fromGlance('large', active('large'))),
  },
  {
    name: 'web-download',
    ...imports('by request', 'standard'),
    prepare: one(fromWeb()),
  },
  {
    ...{ name: 'activation none', ...imports('by request', 'activation none') },
    prepare: one(fromGlance('small', { status: 'queued', size: null })),
  },
  {
    ...{ name: 'apply-metadata alone', ...imports('alone', 'standard') },
    prepare: one(fromGlance('small', { status: 'queued', size: null })),
  },
];

/** Whose source is deleted as soon as the relay has all its bytes: its hash proves them. */
export const sourceGone: ImportUnderTest = {
  ...{ name: 'source deleted after its bytes', ...imports('by request', 'segments') },
  prepare: one(fromGlance('large', active('large'))),
  meanwhile: ({ operation }, [{ sourceId = '' }], deployment) => {
    const glance = sourceGlance(deployment);
    if (operation === 'CompleteMultipartUpload' && glance.image(sourceId)) void glance.remove(sourceId);
  },
};

/** With a service user beside its caller: its secret is fetched, its token got, at each start of a function. */
export const serviceUser: ImportUnderTest = {
  ...{ name: 'service user', ...imports('by request', 'service user') },
  prepare: one(fromGlance('small', active('small'))),
};

/** Whose source says less about itself: no hash vouches for its bytes. */
export const unproven: readonly ImportUnderTest[] = [
  {
    ...{ name: 'source without a hash', ...imports('by request', 'standard') },
    prepare: one(async (deployment) => {
      const prepared = await fromGlance('small', active('small'))(deployment);
      const nothing = { os_hash_algo: null, os_hash_value: null, checksum: null };
      sourceGlance(deployment).change(prepared.sourceId ?? '', nothing);
      return prepared;
    }),
  },
  {
    ...{ name: 'web-download of unknown length', ...imports('by request', 'standard') },
    prepare: one(fromWeb({ chunked: true })),
  },
];

/** Imports whose source says less about itself, or whose caller is not alone; they take part in storms. */
export const variants: readonly ImportUnderTest[] = [serviceUser, ...unproven];
