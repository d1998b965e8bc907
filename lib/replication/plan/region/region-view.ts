import type { ImageId, RegionName } from '../../../schemas/ids.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import { type Mark, type Marked, markOf, type SourceOf } from '../../record/our-mark.ts';
import { believed, familyAmong } from './believed.ts';
import { byId, newestFirst } from './sources.ts';

/** An image that carries our mark. */
export type Replica = Marked;

/** The images of one target region, as a policy sees them. */
export interface RegionView {
  readonly region: RegionName;
  /** The project of our session there. */
  readonly own: string;
  /** What an image's provenance is worth. */
  readonly markOf: (image: ImageFacts) => Mark;
  /** All there are; whatever does not carry our mark without the provenance that it claims. */
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
  /** What says that it is this policy's, and does not prove it. */
  readonly unproven: readonly Unproven[];
}

export interface Unproven {
  readonly image: Marked;
  readonly reason: string;
}

/** What is seen of a region, and who is who there. */
export interface Seen {
  readonly region: RegionName;
  readonly images: readonly ImageFacts[];
  /** The project of our session there. */
  readonly own: string;
  readonly sourceOf: SourceOf;
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

const isMarked = (image: ImageFacts): image is Marked => image.provenance !== undefined;

/** Whether people of the region find it by its name. */
const standsUnderItsName = (image: ImageFacts, owner: string): boolean =>
  isComplete(image) && !image.isHidden && (image.visibility === 'public' || image.owner === owner);

export const regionView = ({ region, images, own, sourceOf }: Seen, policy: Policy): RegionView => {
  const keepers = { projects: {}, ...policy.targets.find((target) => target.region === region), own };
  const mark = (image: ImageFacts): Mark => markOf(image, keepers, sourceOf);
  const listed = [...byId(images).values()].sort(newestFirst);
  const all = listed.map((one) => believed(one, keepers, sourceOf));
  const isOfSource = ({ provenance }: Marked): boolean => provenance.sourceRegion === policy.source.region;
  const isForUs = ({ provenance }: Marked): boolean =>
    provenance.policy === policy.name || provenance.policy === '';
  const marked = all.filter(isMarked).filter(isOfSource).filter(isAlive);
  const replicas = marked.filter(isForUs).sort(bySourceTime);
  const ours = new Set(replicas.map(({ id }) => id));
  const claims = listed.filter(isMarked).filter((one) => isOfSource(one) && isForUs(one) && isAlive(one));
  return {
    ...{ region, own, markOf: mark },
    byId: byId(all),
    replicas,
    ofSource: Map.groupBy([...replicas].sort(bestFirst), ({ provenance }) => provenance.sourceId),
    ofFamily: Map.groupBy(replicas, (one) => familyAmong(one, keepers, sourceOf, policy)),
    others: new Map(
      marked
        .filter((one) => !isForUs(one))
        .sort(bestFirst)
        .reverse()
        .map((one) => [one.provenance.sourceId, one]),
    ),
    strangers: Map.groupBy(
      all.filter((one) => !ours.has(one.id) && standsUnderItsName(one, own)),
      ({ name }) => name,
    ),
    unproven: claims.flatMap((image) => {
      const worth = mark(image);
      return worth.kind === 'unproven' ? [{ image, reason: worth.reason }] : [];
    }),
  };
};
