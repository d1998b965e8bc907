import { callsOf } from './call-faults.ts';
import { type Call, nameOf } from './call-log.ts';
import { pass } from './context.ts';
import { crashPoints } from './crash-points.ts';
import { finalFaults } from './faults.ts';
import type { Case, Outcome } from './one-run.ts';
import { changesAtEveryMoment } from './owner-changes.ts';

// What is special about an import with a service user. Its other calls are those of one without.

const isOfSecrets = ({ service }: Call): boolean => service === 'keystone' || service === 'secretsmanager';

/** Its own token may be the one that Glance takes no more: with another one the import goes on. */
const refusedOnce = (outcome: Outcome): Case[] =>
  callsOf(outcome)
    .filter(({ step, service }) => step !== 'import-image' && (service === 'source' || service === 'target'))
    .flatMap((call) => {
      const at = nameOf(call);
      return finalFaults(call)
        .filter(({ name }) => name === '401')
        .map(({ fault }) => ({
          ...{ group: 'service user: its token is refused', name: `401 at ${at}`, kind: outcome.one.kind },
          ends: 'success' as const,
          plan: () => ({ fateOf: (made) => (nameOf(made) === at ? { kind: 'fault', fault } : pass) }),
        }));
    });

/** A caller's token that ends while its import runs is good for Glance all the same, one that is revoked is not. */
const tokensThatEnd = (outcome: Outcome): Case[] =>
  changesAtEveryMoment(outcome)
    .filter(({ name }) => name.includes('token'))
    .map((one) => ({ ...one, ends: one.name.includes('token ends') ? 'success' : 'either' }));

/** @param outcome of an undisturbed run. Faults of its calls to Keystone and for secrets are among all calls' */
export const serviceUserCases = (outcome: Outcome): Case[] => {
  const { run } = outcome;
  const calls = { ...run.calls, calls: run.calls.calls.filter(isOfSecrets) };
  return [
    ...crashPoints(outcome.one.kind, { ...outcome, run: { ...run, calls } }),
    ...refusedOnce(outcome),
    ...tokensThatEnd(outcome),
  ];
};
