import { type Call, nameOf } from './call-log.ts';
import { type Plan, pass } from './context.ts';
import { endOf } from './crash-points.ts';
import { finalFaults, type NamedFault, passingFaults, rightData, singleFaults, wrongData } from './faults.ts';
import type { ImportUnderTest } from './imports-under-test.ts';
import type { Case, Outcome } from './one-run.ts';
import type { createUnseen } from './unseen.ts';

/** Each of the calls that an undisturbed run has made, once. */
export const callsOf = ({ run }: Outcome): readonly Call[] => [
  ...new Map(run.calls.calls.map((call) => [nameOf(call), call])).values(),
];

type Unseen = ReturnType<typeof createUnseen>;

const faultAt = (at: string, { fault }: NamedFault): Plan => ({
  fateOf: (call) => (nameOf(call) === at ? { kind: 'fault', fault } : pass),
});

/** The same operation of the same service never works again from this call on. */
const faultFrom = ({ service, operation, step }: Call, { fault }: NamedFault): Plan => ({
  fateOf: (call) =>
    call.service === service && call.operation === operation && call.step === step
      ? { kind: 'fault', fault }
      : pass,
});

const once =
  (kind: ImportUnderTest, call: Call, ends: Case['ends']) =>
  (named: NamedFault): Case => ({
    ...{ group: `${kind.name}: one call goes wrong`, name: `${named.name} at ${nameOf(call)}`, kind, ends },
    plan: () => faultAt(nameOf(call), named),
  });

const isData = ({ operation }: Call): boolean => operation === 'GET file' || operation === 'GET page';

/** Nothing vouches for the bytes of a web-download: a wrong one cannot be told. */
const isTellable = ({ service }: Call, { name }: NamedFault): boolean =>
  service !== 'web' || !['a flipped byte', 'short', 'long', 'HTML instead of data'].includes(name);

/** An import waits for nobody who listens. */
const isHarmless = ({ service }: Call): boolean => service === 'events';

/** Every call goes wrong once in every way that fits it. */
export const callFaults = (outcome: Outcome, isUnseen: Unseen): Case[] => {
  const { kind } = outcome.one;
  const end = endOf(kind);
  // A word that is final may end an import that would have succeeded, and end one otherwise that fails anyhow.
  const ends = (call: Call): Case['ends'] => (end === 'success' && !isHarmless(call) ? 'either' : end);
  const calls = callsOf(outcome).filter(isUnseen);
  return calls.flatMap((call) => [
    ...[...passingFaults(call), ...singleFaults(call)].map(once(kind, call, end)),
    ...finalFaults(call).map(once(kind, call, ends(call))),
    ...(isData(call) ? rightData.map(once(kind, call, end)) : []),
    ...(isData(call)
      ? wrongData.filter((named) => isTellable(call, named)).map(once(kind, call, ends(call)))
      : []),
  ]);
};

/** Services that an end cannot do without: while they are away, nothing can be told or cleared. */
const isNeeded = (call: Call): boolean => !isHarmless(call) && isNeededForAnEnd(call);

const isNeededForAnEnd = ({ service, operation, step }: Call): boolean =>
  ['sqs', 'dynamodb'].includes(service) ||
  step === 'fail-import' ||
  ['AbortMultipartUpload', 'DeleteObject', 'ListMultipartUploads', 'ListObjectsV2'].includes(operation);

/** An operation that never works: the import fails, and says why. */
export const lastingFaults = (outcome: Outcome, isUnseen: Unseen): Case[] => {
  const { kind } = outcome.one;
  const operations = new Map(
    callsOf(outcome)
      .map((call) => ({ ...call, invocation: 1, occurrence: 1 }))
      .filter(isUnseen)
      .map((call) => [`${call.step}: ${call.service} ${call.operation}`, call]),
  );
  return [...operations]
    .filter(([, call]) => !isNeeded(call))
    .flatMap(([at, call]) =>
      [...passingFaults(call), ...finalFaults(call)]
        .filter(({ name }) => ['503', 'reset', 'access denied', '404', '401'].includes(name))
        .map((named) => ({
          ...{ group: `${kind.name}: an operation never works`, name: `always ${named.name} at ${at}` },
          ...{ kind, ends: isHarmless(call) ? endOf(kind) : ('either' as const) },
          plan: () => faultFrom(call, named),
        })),
    );
};
