import type { ImageId } from '../../lib/schemas/ids.ts';
import { type Board, createBoard, type Update } from '../progress/board.ts';
import { createScreen } from '../progress/screen.ts';
import type { Io } from './io.ts';
import { reasonOf } from './reason-of.ts';
import type { RegionResult, Results } from './results.ts';

/** A region's part of a call. */
export interface RegionCall {
  readonly region: string;
  /** Ends with Ctrl-C, and with `--timeout`. */
  readonly signal: AbortSignal;
  show(update: Update): void;
  /** Told of the image that is brought on: its id is told whatever comes of it, also to who stops waiting. */
  begun(imageId: ImageId): void;
}

export interface InRegionsOptions {
  readonly regions: readonly string[];
  /** Ends with Ctrl-C, and with `--timeout`. */
  readonly signal: AbortSignal;
}

const secondsSince = (startedMs: number): number => Math.round((performance.now() - startedMs) / 100) / 10;

/** Whoever stops waiting stops nothing else. */
const left: RegionResult = { status: 'running', reason: 'not waited for any longer', isOk: false };

const failed = (error: unknown): RegionResult => ({
  status: 'failed',
  reason: reasonOf(error),
  isOk: false,
});

const tellEnd = ({ update }: Board, region: string, result: RegionResult): void =>
  update(region, {
    state: result.status,
    ...(result.bytes !== undefined && { doneBytes: result.bytes, totalBytes: result.bytes }),
    ...(result.reason !== undefined && { note: result.reason }),
  });

/**
 * Does the same in several regions, side by side: what fails in one concerns no other.
 * @param work its result, or an error, which is the region's
 */
export const inRegions = async (
  { stderr }: Pick<Io, 'stderr'>,
  { regions, signal }: InRegionsOptions,
  work: (call: RegionCall) => Promise<RegionResult>,
): Promise<Results> => {
  const startedMs = performance.now();
  const board = createBoard(createScreen(stderr), regions);
  const one = async (region: string): Promise<readonly [string, RegionResult]> => {
    let id: ImageId | undefined;
    const show = (update: Update) => board.update(region, update);
    const begun = (imageId: ImageId): void => {
      id = imageId;
    };
    const result = await work({ region, signal, show, begun }).catch((error: unknown) => ({
      ...(signal.aborted ? left : failed(error)),
      ...(id && { id }),
    }));
    // The bar of one that goes on says more.
    if (result.status !== left.status) tellEnd(board, region, result);
    return [region, { ...result, seconds: secondsSince(startedMs) }];
  };
  const results = new Map(await Promise.all(regions.map(one)));
  board.end();
  return results;
};
