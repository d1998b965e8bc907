import type { Importer } from '../../lib/replication/apply/apply-changes.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import type { Here } from '../call/here.ts';
import type { Io } from '../call/io.ts';
import type { CommonOptions } from '../call/options.ts';
import { regionAt } from '../deployment/region-at.ts';
import { bringOn } from '../images/bring-on.ts';
import { bytesText } from '../progress/amounts.ts';
import type { Board } from '../progress/board.ts';

/** Bytes of a region's copies, by image. */
const sumOf = (amounts: ReadonlyMap<string, number>): number =>
  [...amounts.values()].reduce((sum, bytes) => sum + bytes, 0);

export interface ImportCopiesServices {
  readonly io: Io;
  readonly options: CommonOptions;
  readonly here: Here;
  readonly policy: Policy;
  readonly board: Board;
  /** Of all copies of a region, bytes. */
  totalOf(region: string): number;
}

/** Has the deployment copy an image by the policy's rules, and waits for it. */
export const importCopies = ({
  io,
  options,
  here,
  policy,
  board,
  totalOf,
}: ImportCopiesServices): Importer => {
  const copied = new Map<string, Map<string, number>>();
  const tell = (region: string, image: string, bytes: number): void => {
    const amounts = copied.get(region) ?? new Map<string, number>();
    copied.set(region, amounts.set(image, bytes));
    board.update(region, { state: 'copying', doneBytes: sumOf(amounts), totalBytes: totalOf(region) });
  };
  return async ({ image, from, region, bytes }, { signal }) => {
    const { to, ferry } = await regionAt(io, options, here, region, { signal });
    const replica = { source: { region: from, imageId: image }, region: to.region, policy: policy.name };
    const services = { clouds: here.clouds, ferry, policies: [policy] };
    const show = ({ doneBytes }: { readonly doneBytes?: number }) => tell(region, image, doneBytes ?? 0);
    await bringOn(services, replica, { signal, show, size: bytes, isWaiting: true });
    tell(region, image, bytes);
    return `copied, ${bytesText(bytes)}`;
  };
};
