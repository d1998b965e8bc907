// Which cases a run has: all there are, those that were asked for, and of them one part's.
import { createHash } from 'node:crypto';
import { betweenClouds, betweenCloudsCases } from './between-clouds.ts';
import { callFaults, lastingFaults } from './call-faults.ts';
import { crashPoints, crashPointsOfCopy, crashPointsOfSeveral } from './crash-points.ts';
import { serviceUser, sourceGone, unproven, variants } from './imports-under-test.ts';
import { type Case, fullName, type Outcome } from './one-run.ts';
import type { Options } from './options.ts';
import { changesAtEveryMoment } from './owner-changes.ts';
import { queueFaults } from './queue-faults.ts';
import { createRandom } from './random.ts';
import { serviceUserCases } from './service-user.ts';
import { crowd, eight, severalThatDie, whileItWaits } from './several.ts';
import { isStorm, storms } from './storms.ts';
import { createUnseen } from './unseen.ts';

/** Whether a name is one of those that `--only` asks for. */
export const isChosen = (name: string, only: string | undefined): boolean =>
  only === undefined || only.split('|').some((part) => name.includes(part));

/** Those that were asked for; of those beside the storms a sample, where one was asked for. */
export const chosen = (cases: readonly Case[], { only, sample, seed }: Options): readonly Case[] => {
  const named = cases.filter((one) => isChosen(fullName(one), only));
  const [stormy, others] = [named.filter(isStorm), named.filter((one) => !isStorm(one))];
  return [...createRandom(seed).sample(others, sample ?? others.length), ...stormy];
};

/** Of which not every call is to go wrong: most are those of other kinds. */
export const special = [...variants, ...severalThatDie, ...eight, crowd, betweenClouds, sourceGone];

/** All cases there are, by how the kinds of imports go when nothing is planned. */
export const casesFor = (
  all: readonly Outcome[],
  { seed, storms: count, severalStorms }: Options,
): readonly Case[] => {
  const undisturbed = all.filter(({ one }) => !special.includes(one.kind));
  const several = all.filter(({ one }) => severalThatDie.includes(one.kind));
  const copies = all.filter(({ one }) => eight.includes(one.kind) || unproven.includes(one.kind));
  const waiting = all.filter(({ one }) => one.kind === crowd);
  const ofTwoClouds = all.filter(({ one }) => one.kind === betweenClouds);
  const withoutSource = all.filter(({ one }) => one.kind === sourceGone);
  const withServiceUser = all.filter(({ one }) => one.kind === serviceUser);
  const arriving = undisturbed.filter(({ one }) => !one.kind.fails);
  const [once, always] = [createUnseen(), createUnseen()];
  return [
    ...undisturbed.flatMap((outcome) => crashPoints(outcome.one.kind, outcome)),
    ...withoutSource.flatMap((outcome) => crashPoints(outcome.one.kind, outcome)),
    ...several.flatMap((outcome) => crashPointsOfSeveral(outcome.one.kind, outcome)),
    ...copies.flatMap((outcome) => crashPointsOfCopy(outcome.one.kind, outcome)),
    ...waiting.flatMap((outcome) => crashPoints(outcome.one.kind, whileItWaits(outcome))),
    ...[...undisturbed, ...withServiceUser].flatMap((outcome) => callFaults(outcome, once)),
    ...[...undisturbed, ...withServiceUser].flatMap((outcome) => lastingFaults(outcome, always)),
    ...withServiceUser.flatMap(serviceUserCases),
    ...ofTwoClouds.flatMap(betweenCloudsCases),
    ...arriving.flatMap(changesAtEveryMoment),
    ...arriving.flatMap(({ one }) => queueFaults(one.kind)),
    ...storms(seed, count, severalStorms),
  ];
};

/** A whole run is divided over processes: so many, of which this is the one with that number, from 0. */
export interface Part {
  readonly number: number;
  readonly of: number;
}

const placeOf = (one: Case): number => createHash('sha1').update(fullName(one)).digest().readUInt32BE();

/**
 * Those of a part, so mixed that what takes long does not come together. Both by their names: which calls an import makes,
 * and so which cases there are, varies a little from process to process.
 */
export const inPart = (cases: readonly Case[], { number, of }: Part): readonly Case[] =>
  cases
    .map((one) => ({ one, place: placeOf(one) }))
    .filter(({ place }) => place % of === number)
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
