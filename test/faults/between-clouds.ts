import { callFaults, callsOf, lastingFaults } from './call-faults.ts';
import { type Call, nameOf, type Service } from './call-log.ts';
import { pass } from './context.ts';
import { crashPoints } from './crash-points.ts';
import { finalFaults, passingFaults } from './faults.ts';
import { fromSource, type ImportUnderTest, one, sourceFor } from './imports-under-test.ts';
import type { Case, Outcome } from './one-run.ts';
import { otherRegion } from './regions.ts';
import { active } from './source-data.ts';
import { createUnseen } from './unseen.ts';

// An import with the deployment's own rights, into a cloud whose Keystone knows nothing of the source's. Every function
// starts anew at each message, so that it signs in to both, and fetches all its secrets. Its other calls are those of any
// import.

export const betweenClouds: ImportUnderTest = {
  ...{ name: 'between clouds', starts: 'by replication', deployment: 'service user', fails: undefined },
  prepare: one(async (deployment) => {
    const source = await sourceFor(deployment, { size: 'small', wanted: {}, user: 'svc' });
    // Its properties are replication's business, and no import's.
    const without = { hw_disk_bus: undefined, os_distro: undefined };
    const wish = { size: 'small', wanted: { ...active('small'), ...without }, region: otherRegion } as const;
    return await fromSource(deployment, source, wish);
  }),
};

const keystones: readonly Service[] = ['keystone', 'other keystone'];

const isOfSigningIn = ({ service }: Call): boolean =>
  service === 'secretsmanager' || keystones.includes(service);

const isOfItsRequest = ({ step }: Call): boolean => step === 'request-replica';

/** An undisturbed run as far as it made these calls. */
const only = (outcome: Outcome, isWanted: (call: Call) => boolean): Outcome => {
  const { run } = outcome;
  return { ...outcome, run: { ...run, calls: { ...run.calls, calls: run.calls.calls.filter(isWanted) } } };
};

/** A Keystone that is away for as long as one invocation lasts: in the middle of an import the next one goes on. */
const awayInTheMiddle = (outcome: Outcome): Case[] => {
  const calls = callsOf(outcome).filter(({ service }) => keystones.includes(service));
  const places = new Map(calls.map((call) => [`${call.service} at ${call.step} ${call.invocation}`, call]));
  return [...places].flatMap(([at, { service, step, invocation }]) =>
    passingFaults({ service, step, invocation, operation: 'POST tokens', occurrence: 1 })
      .filter(({ name }) => ['503', 'reset', 'timeout'].includes(name))
      .map(({ name, fault }) => ({
        ...{ group: 'between clouds: a Keystone is away', name: `${name}, ${at}`, kind: outcome.one.kind },
        ends: 'success' as const,
        plan: () => ({
          fateOf: (call) =>
            call.service === service && call.step === step && call.invocation === invocation
              ? { kind: 'fault', fault }
              : pass,
        }),
      })),
  );
};

/** A session whose token is refused gets another one. */
const refusedOnce = (outcome: Outcome): Case[] =>
  callsOf(outcome)
    .filter(({ service }) => service === 'source' || service === 'target')
    .flatMap((refused) =>
      finalFaults(refused)
        .filter(({ name }) => name === '401')
        .map(({ fault }) => ({
          ...{ group: 'between clouds: a token is refused', name: `401 at ${nameOf(refused)}` },
          ...{ kind: outcome.one.kind, ends: 'success' as const },
          plan: () => ({
            fateOf: (call) => (nameOf(call) === nameOf(refused) ? { kind: 'fault', fault } : pass),
          }),
        })),
    );

/** @param outcome of an undisturbed run */
export const betweenCloudsCases = (outcome: Outcome): Case[] => {
  const signingIn = only(outcome, isOfSigningIn);
  return [
    ...crashPoints(
      outcome.one.kind,
      only(outcome, (call) => isOfSigningIn(call) || isOfItsRequest(call)),
    ),
    ...callFaults(signingIn, createUnseen()),
    ...lastingFaults(signingIn, createUnseen()),
    ...awayInTheMiddle(outcome),
    ...refusedOnce(outcome),
  ];
};
