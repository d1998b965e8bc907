import { isTask, type Kept } from '../kept.ts';
import type { Evidence, ImportEvidence } from './evidence.ts';
import type { Case } from './one-run.ts';
import { othersAreTold } from './others-are-told.ts';
import { isDeadLetterQueue, type WaitingMessage } from './queue-watch.ts';

// What glance-ferry promises, whatever goes wrong. Each rule returns what it finds broken, in words.

/** How an import ended, as its caller sees it. */
export type Ending = 'succeeded' | 'failed cleanly' | 'refused' | 'nothing happened';

interface ImportVerdict {
  readonly ending: Ending;
  /** Broken promises. */
  readonly broken: readonly string[];
}

/** Of all imports of a run. */
export interface Verdict {
  readonly endings: readonly Ending[];
  readonly broken: readonly string[];
  /** Whether anything was left. */
  readonly hasLeft: boolean;
}

/** Of one import. */
type Rule = (evidence: ImportEvidence) => readonly string[];
/** Of a run. */
type RunRule = (evidence: Evidence) => readonly string[];

/** Attributes that change without anybody's doing. */
const incidental = new Set([
  'updated_at',
  'virtual_size',
  'checksum',
  'os_hash_algo',
  'stores',
  'direct_url',
]);

const differences = (found: object | undefined, wanted: object): string[] => {
  const now: Readonly<Record<string, unknown>> = { ...found };
  return Object.entries(wanted)
    .filter(([name, value]) => !incidental.has(name) && JSON.stringify(now[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name} is ${JSON.stringify(now[name])} instead of ${JSON.stringify(value)}`);
};

/** The target as the import should have made it: the source's bytes, formats and properties. */
const targetIsMade: Rule = (evidence) => {
  const { target, prepared } = evidence;
  if (prepared.before === 'deleted') return targetIsAsBefore(evidence);
  const [nearest = []] = [{}, ...prepared.orBytes]
    .map((bytes) => differences(target, { ...prepared.wanted, ...bytes }))
    .sort((one, other) => one.length - other.length);
  return nearest;
};

/** The target as it was, with what its owner changed meanwhile. */
const targetIsAsBefore: Rule = ({ target, prepared }) => {
  const { before } = prepared;
  if (before === 'deleted') return target ? ['the target is back, though its owner deleted it'] : [];
  if (prepared.mayKeepProperties) return differences(target, before);
  const added = Object.keys(target ?? {}).filter(
    (name) => !Object.hasOwn(before, name) && !incidental.has(name),
  );
  return [...differences(target, before), ...added.map((name) => `${name} was left on the target`)];
};

/** A reason that a person can act on: what failed, at which object, and why. */
const isReason = (message: unknown): boolean =>
  typeof message === 'string' &&
  message.length > 20 &&
  !/undefined|\[object|NaN|: *$|has either erred/.test(message);

/** A message that was taken so often, and never done, is given up; most of it may have been its queue's fault. */
const severalDeaths = 3;

/** Functions that are killed say nothing, so nobody can say why. */
const areDeathsTold: RunRule = ({ imports, run }) =>
  imports
    .flatMap(({ tasks }) => tasks.map(({ message }) => String(message)))
    .filter((message) => message.includes('ended without a word') && run.deaths < severalDeaths)
    .map((message) => `after ${run.deaths} deaths the task says: ${message}`);

const successIsTrue: Rule = (evidence) =>
  targetIsMade(evidence).map((difference) => `the task says success, but ${difference}`);

const says =
  (words: RegExp) =>
  ({ tasks }: ImportEvidence): boolean =>
    tasks.some(({ message }) => words.test(String(message)));

/** Where Glance has refused it, the task says that something could not be rolled back: that is what a person can act on. */
const saysWhatIsLeft = says(/could not be rolled back|could not be looked at/);
/** An upload whose answer was lost, and then the right to look at it. */
const saysThatNobodyCouldLook = says(/could not be looked at/);

const isAsTold: Rule = (evidence) => {
  const { prepared, target } = evidence;
  if (!saysWhatIsLeft(evidence) || prepared.before === 'deleted') return targetIsAsBefore(evidence);
  if (saysThatNobodyCouldLook(evidence) && targetIsMade(evidence).length === 0) return [];
  const { status, size = null } = prepared.before;
  // Of one that was hidden from its importer nobody says how far it had come.
  return differences(target, { id: prepared.targetId, ...(status !== undefined && { status }), size });
};

const failureIsTrue: Rule = (evidence) => [
  ...isAsTold(evidence).map((difference) => `the task says failure, but ${difference}`),
  ...evidence.tasks
    .map(({ message }) => message)
    .filter((message) => !isReason(message))
    .map((message) => `no reason that anybody could act on: ${JSON.stringify(message)}`),
];

const refusalIsTrue: Rule = (evidence) => [
  ...targetIsAsBefore(evidence).map((difference) => `the request was refused, but ${difference}`),
  ...evidence.tasks.map(({ status }) => `the request was refused, but there is a task, ${status}`),
  ...evidence.told.map(({ state }) => `the request was refused, but others were told of ${state}`),
];

/** A dead letter is left for a person, who finds its cause in the log. */
const isUnread = ({ queue }: WaitingMessage): boolean => !isDeadLetterQueue(queue);

/** Of a copy: what keeps it. */
const stateOf = ({ kind, isEnding, failure, waiting }: Kept): string =>
  kind === 'copy'
    ? `: ${JSON.stringify({ isEnding, failure, waiting: [...((waiting as Set<string> | undefined) ?? [])] })}`
    : '';

/** No upload, object, claim, copy, part, sealed secret or message is left. */
const nothingIsLeft: RunRule = ({ items, objects, uploads, messages }) => [
  ...objects.map((key) => `object ${key} is left`),
  ...uploads.map((key) => `an open upload of ${key} is left`),
  ...items
    .filter((item) => !isTask(item))
    .map((item) => `item ${String(item['item']).replace(/#.*#/, '#…#')} is left${stateOf(item)}`),
  ...items.filter(({ sealed }) => sealed !== undefined).map(() => 'a sealed secret is left'),
  ...messages.filter(isUnread).map(({ queue, body }) => `a message is left in ${queue}: ${body}`),
];

const isToldOf =
  (logs: readonly string[]) =>
  ({ id }: WaitingMessage): boolean =>
    logs.some((line) => line.includes('message comes again') && line.includes(id));

const deadLettersHaveCauses: RunRule = ({ messages, run }) =>
  messages
    .filter((message) => !isUnread(message) && !isToldOf(run.logs)(message))
    .map(({ body }) => `no line of the log says why there is a dead letter: ${body.slice(0, 200)}`);

/** Also what is there for a moment only: a death may leave it. */
const everyItemExpires: RunRule = ({ unexpiring }) => unexpiring.map((item) => `item ${item} never expires`);

const noSecretInClear: RunRule = ({ imports, items, run, messages, secrets }) => {
  const places = {
    'the table': JSON.stringify(items),
    'a log line': run.logs.join('\n'),
    'a message': [...run.sent, ...messages.map(({ body }) => body)].join('\n'),
    'an answer': JSON.stringify(imports.map(({ answer }) => answer)),
    'an event': JSON.stringify(imports.map(({ told }) => told)),
  };
  return Object.entries(places)
    .filter(([, text]) => secrets.some((secret) => text.includes(secret)))
    .map(([place]) => `a token stands in clear in ${place}`);
};

/** apply-metadata invoked alone has no task: it has set all or nothing. */
const endingAlone = (evidence: ImportEvidence): ImportVerdict => {
  const { answer } = evidence;
  const [made, asBefore] = [targetIsMade(evidence), targetIsAsBefore(evidence)];
  if (answer === 'died' && made.length > 0 && asBefore.length > 0)
    return { ending: 'nothing happened', broken: ['the target is neither as it was nor as it should be'] };
  if (answer === 'died') return { ending: 'nothing happened', broken: [] };
  return answer.status < 400
    ? { ending: 'succeeded', broken: made }
    : { ending: 'refused', broken: asBefore };
};

/** One task at most, and it has ended. */
const endingOf = (evidence: ImportEvidence): ImportVerdict => {
  const { answer, starts, tasks } = evidence;
  if (starts === 'alone') return endingAlone(evidence);
  // A refusal that could not take back what it had begun may have begun nothing.
  const isTakenBack = !evidence.isLeft || tasks.length === 0;
  if (answer !== 'died' && answer.status >= 400 && isTakenBack)
    return { ending: 'refused', broken: refusalIsTrue(evidence) };
  const statuses = tasks.map(({ status }) => status);
  const [status, ...more] = statuses;
  if (more.length > 0) return { ending: 'failed cleanly', broken: [`${statuses.length} tasks`] };
  if (status === 'success') return { ending: 'succeeded', broken: successIsTrue(evidence) };
  if (status === 'failure') return { ending: 'failed cleanly', broken: failureIsTrue(evidence) };
  const unended = status === undefined ? [] : [`the task has not ended, it is ${status}`];
  const lost =
    answer === 'died' || status !== undefined ? [] : ['the request was accepted, and there is no task'];
  const changed = targetIsAsBefore(evidence).map((difference) => `there is no end, but ${difference}`);
  return { ending: 'nothing happened', broken: [...unended, ...lost, ...changed] };
};

/** What is known of the case's end: where nothing final goes wrong, an import that was accepted arrives. */
const endsAsPlanned = (ending: Ending, ends: Case['ends'], { tasks }: ImportEvidence): readonly string[] =>
  (ends === 'success' && ending === 'failed cleanly') || (ends === 'failure' && ending === 'succeeded')
    ? [`the import ${ending}: ${tasks.map(({ message }) => message).join()}`]
    : [];

/** Holds the evidence of a run against all promises. Of several imports each says which target it is about. */
export const judge = (evidence: Evidence, ends: Case['ends']): Verdict => {
  const { imports } = evidence;
  const verdicts = imports.map((one) => {
    const { ending, broken } = endingOf(one);
    const all = [...broken, ...endsAsPlanned(ending, ends, one)];
    const named = (what: string): string => `${one.prepared.region} ${one.prepared.targetId}: ${what}`;
    return { ending, broken: imports.length > 1 ? all.map(named) : all };
  });
  const left = nothingIsLeft(evidence);
  const always = [
    deadLettersHaveCauses,
    areDeathsTold,
    othersAreTold,
    everyItemExpires,
    noSecretInClear,
  ].flatMap((rule) => rule(evidence));
  return {
    endings: verdicts.map(({ ending }) => ending),
    broken: [...verdicts.flatMap(({ broken }) => broken), ...left, ...always],
    hasLeft: left.length > 0,
  };
};
