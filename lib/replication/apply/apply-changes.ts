import { asFerryError } from '../../errors.ts';
import { atMost } from '../../promises.ts';
import type { RegionName } from '../../schemas/ids.ts';
import type { Change } from '../plan/change.ts';
import { applyChange, type Place, tellMistake } from './apply-change.ts';
import { isRetirement, type PlanAgain, renewRetirement } from './renew-retirement.ts';
import { done, failed, kept, type Result, timeEnded, type Verdict } from './result.ts';

interface Options {
  readonly signal: AbortSignal;
}

export type Copy = Extract<Change, { readonly kind: 'copy' }>;

/** Has an image copied: by a message, or by a request to a deployment. @returns what was done, for people */
export type Importer = (copy: Copy, options: Options) => Promise<string>;

export interface ApplyServices {
  /** @throws FerryError where the region cannot be reached */
  placeOf(region: RegionName, options: Options): Promise<Place>;
  readonly importer: Importer;
  /** Of an importer that waits for copies: the retirement is what a plan after them says. */
  readonly planAgain?: PlanAgain;
  /** How many families of a region are at work at a time. */
  readonly atOnce: number;
}

/** Changes of one family in one region, in the plan's order. */
interface Family {
  readonly changes: readonly Change[];
  /** What went otherwise than planned, so that nothing that comes after it may be done. */
  brokenBy?: Result;
}

const familiesOf = (changes: readonly Change[]): readonly Family[] =>
  [...Map.groupBy(changes, ({ family, image }) => family || image).values()].map((own) => ({ changes: own }));

/** What comes after it in its family relies on it. A copy comes later anyway, and a skip says so itself. */
const breaks = ({ change, outcome }: Result): boolean =>
  outcome !== 'done' && !isRetirement(change) && change.kind !== 'copy' && change.kind !== 'skip';

const carryOut = async (services: ApplyServices, change: Change, options: Options): Promise<Verdict> => {
  if (change.kind === 'skip') return change.isError ? failed(change.reason) : kept(change.reason);
  options.signal.throwIfAborted();
  if (change.kind === 'copy') return done(await services.importer(change, options));
  return applyChange(await services.placeOf(change.region, options), change, options);
};

/** What cannot be done at all, such as to reach a region, is told of each of its changes. */
const applyOne = (services: ApplyServices, change: Change, options: Options): Promise<Verdict> =>
  carryOut(services, change, options).catch((error: unknown) => {
    if (options.signal.aborted) return timeEnded();
    const { explanation, retryable } = asFerryError(error);
    tellMistake(change, error);
    return failed(explanation, retryable);
  });

/** What a retirement is when its turn comes. */
const retirementsNow = async ({ planAgain }: ApplyServices, changes: readonly Change[], options: Options) =>
  planAgain && changes.some(({ kind }) => kind === 'copy') && changes.some(isRetirement)
    ? await renewRetirement(planAgain, options)
    : (change: Change) => change;

/**
 * Carries out a plan: regions side by side, families of a region some at a time, a family in the plan's order. What fails
 * stops the rest of its family and nothing else. Retirement comes last, when all regions have done everything else, and
 * is left to the next run as soon as something has failed: so nothing goes whose successor may not be there.
 * @returns what has become of each change, in the plan's order; never throws
 */
export const createApplyChanges =
  (services: ApplyServices) =>
  async (changes: readonly Change[], options: Options): Promise<readonly Result[]> => {
    const results = new Map<Change, Result>();
    let hasFailed = false;
    let asOfNow = (change: Change): Change | Verdict => change;

    const verdictOn = async (change: Change, { brokenBy }: Family): Promise<Verdict> => {
      if (brokenBy && change.kind !== 'skip' && change.kind !== 'copy')
        return kept(`${brokenBy.change.kind} of ${brokenBy.change.image} comes first: ${brokenBy.reason}`);
      if (hasFailed && isRetirement(change))
        return kept('something has failed in this run, so nothing is retired');
      const now = change.kind === 'skip' ? change : asOfNow(change);
      return 'outcome' in now ? now : applyOne(services, now, options);
    };

    const goThrough = async (family: Family, isTheirTurn: (change: Change) => boolean): Promise<void> => {
      for (const change of family.changes.filter(isTheirTurn)) {
        const result = { change, ...(await verdictOn(change, family)) };
        results.set(change, result);
        hasFailed ||= result.outcome === 'failed';
        if (breaks(result)) family.brokenBy ??= result;
      }
    };

    const regions = [...Map.groupBy(changes, ({ region }) => region).values()].map(familiesOf);
    const inAllRegions = (isTheirTurn: (change: Change) => boolean) =>
      Promise.all(
        regions.map((families) =>
          atMost(services.atOnce, families, (family) => goThrough(family, isTheirTurn)),
        ),
      );
    await inAllRegions((change) => !isRetirement(change));
    if (!hasFailed) asOfNow = await retirementsNow(services, changes, options);
    await inAllRegions(isRetirement);
    return changes.flatMap((change) => results.get(change) ?? []);
  };
