import type { ImageId, RegionName } from '../../../schemas/ids.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import type { Provenance } from '../../record/provenance.ts';
import { byId, newestFirst } from './sources.ts';

/** An image that carries our mark. */
export type Replica = ImageFacts & { readonly provenance: Provenance };

/** The images of one target region, as a policy sees them. */
export interface RegionView {
  readonly region: RegionName;
  readonly byId: ReadonlyMap<ImageId, ImageFacts>;
  /** This policy's replicas, and those that single requests have left: nothing else is ever touched. Newest first. */
  readonly replicas: readonly Replica[];
  /** Of them, those of one source, the best first. */
  readonly ofSource: ReadonlyMap<ImageId, readonly Replica[]>;
  readonly ofFamily: ReadonlyMap<string, readonly Replica[]>;
  /** Replicas that other policies look after, by source. */
  readonly others: ReadonlyMap<ImageId, Replica>;
  /** What stands under a name, to people of this region, and is not for this policy to touch. */
  readonly strangers: ReadonlyMap<string, readonly ImageFacts[]>;
}

/** When the source was made, ms since 1970. */
export const madeMs = ({ provenance, createdAtMs }: Replica): number => {
  const ms = Date.parse(provenance.sourceCreatedAt);
  return Number.isNaN(ms) ? createdAtMs : ms;
};

/** Whether there are bytes, so that it counts as one of its family. */
export const isComplete = ({ status }: ImageFacts): boolean =>
  status === 'active' || status === 'deactivated';

const inFlight: ReadonlySet<string> = new Set(['saving', 'importing', 'uploading']);
export const isInFlight = ({ status }: ImageFacts): boolean => inFlight.has(status);

const rank = ({ status }: ImageFacts): number =>
  ['active', 'deactivated', 'importing', 'saving', 'uploading', 'queued'].indexOf(status);

/** What is left of a failed one (`killed`, `deleted`, `pending_delete`) is no replica. */
const isAlive = (image: ImageFacts): boolean => rank(image) >= 0;

const bestFirst = (a: Replica, b: Replica): number => rank(a) - rank(b) || newestFirst(b, a);

const bySourceTime = (a: Replica, b: Replica): number => madeMs(b) - madeMs(a) || newestFirst(a, b);

const isMarked = (image: ImageFacts): image is Replica => image.provenance !== undefined;

/** Whether people of the region find it by its name. */
const standsUnderItsName = (image: ImageFacts, owner: string): boolean =>
  isComplete(image) && !image.isHidden && (image.visibility === 'public' || image.owner === owner);

/** @param owner project that replicas belong to there */
export const regionView = (
  region: RegionName,
  images: readonly ImageFacts[],
  owner: string,
  policy: Policy,
): RegionView => {
  const all = byId(images);
  const sorted = [...all.values()].sort(newestFirst);
  const marked = sorted
    .filter(isMarked)
    .filter((one) => one.owner === owner && one.provenance.sourceRegion === policy.source.region)
    .filter(isAlive);
  const isForUs = ({ provenance }: Replica): boolean =>
    provenance.policy === policy.name || provenance.policy === '';
  const replicas = marked.filter(isForUs).sort(bySourceTime);
  const ours = new Set(replicas.map(({ id }) => id));
  return {
    region,
    byId: all,
    replicas,
    ofSource: Map.groupBy([...replicas].sort(bestFirst), ({ provenance }) => provenance.sourceId),
    ofFamily: Map.groupBy(replicas, ({ provenance }) => provenance.family),
    others: new Map(
      marked
        .filter((one) => !isForUs(one))
        .sort(bestFirst)
        .reverse()
        .map((one) => [one.provenance.sourceId, one]),
    ),
    strangers: Map.groupBy(
      sorted.filter((one) => !ours.has(one.id) && standsUnderItsName(one, owner)),
      ({ name }) => name,
    ),
  };
};
