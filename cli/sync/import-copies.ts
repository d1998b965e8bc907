import type { Importer } from '../../lib/replication/apply/apply-changes.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import type { Here } from '../call/here.ts';
import type { ServedAt } from '../deployment/served-regions.ts';
import { bringOn } from '../images/bring-on.ts';
import { bytesText } from '../progress/amounts.ts';
import type { Board, Update } from '../progress/board.ts';

/** A region's copies, by image. */
type Copies = Map<string, { readonly bytes: number; readonly isDone: boolean }>;

const updateOf = (copies: Copies, { bytes, count }: RegionTotal): Update => {
  const all = [...copies.values()];
  const doneBytes = all.reduce((sum, one) => sum + one.bytes, 0);
  return { state: `${all.filter(({ isDone }) => isDone).length} of ${count}`, doneBytes, totalBytes: bytes };
};

/** What is to be copied to a region. */
export interface RegionTotal {
  readonly bytes: number;
  /** Of images. */
  readonly count: number;
}

export interface ImportCopiesServices {
  readonly here: Here;
  readonly servedAt: ServedAt;
  readonly policy: Policy;
  readonly board: Board;
  totalOf(region: string): RegionTotal;
}

/** Has the deployment copy an image by the policy's rules, and waits for it. */
export const importCopies = ({ here, servedAt, policy, board, totalOf }: ImportCopiesServices): Importer => {
  const copied = new Map<string, Copies>();
  const tell = (region: string, image: string, bytes: number, isDone: boolean): void => {
    const copies: Copies = copied.get(region) ?? new Map();
    copied.set(region, copies.set(image, { bytes, isDone }));
    board.update(region, updateOf(copies, totalOf(region)));
  };
  return async ({ image, from, region, bytes }, { signal }) => {
    const { to, ferry } = await servedAt(region, { signal });
    const replica = { source: { region: from, imageId: image }, region: to.region, policy: policy.name };
    const services = { clouds: here.clouds, ferry, policies: [policy] };
    const show = ({ doneBytes }: { readonly doneBytes?: number }) =>
      tell(region, image, doneBytes ?? 0, false);
    await bringOn(services, replica, { signal, show, size: bytes, isWaiting: true, mayBegin: true });
    tell(region, image, bytes, true);
    return `copied, ${bytesText(bytes)}`;
  };
};
