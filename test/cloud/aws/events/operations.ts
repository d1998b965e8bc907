import { accountId } from '../queue-names.ts';
import { type Answer, answered, refused } from './answer.ts';
import type { Buses } from './buses.ts';
import type { EventsFault } from './faults.ts';
import { type EventPattern, eventMatcher } from './pattern.ts';
import { busOf, eventOf, isFailed, type PutEntry, refusalOf } from './put-events.ts';
import { type TargetPlan, targetOf } from './rules.ts';

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html

/** What the operations have been asked; names are the service's. */
interface Body {
  readonly Entries?: readonly PutEntry[];
  readonly Name?: string;
  readonly Rule?: string;
  readonly EventBusName?: string;
  readonly EventPattern?: string;
  readonly Event?: string;
  readonly State?: 'ENABLED' | 'DISABLED';
  readonly Targets?: readonly (TargetPlan & { readonly Arn: string })[];
}

type Operation = (body: Body, fault: EventsFault | undefined) => Answer;

const queueIn = (arn: string): string | undefined =>
  arn.startsWith('arn:aws:sqs:') ? arn.split(':').at(-1) : undefined;

const noFailures = { FailedEntryCount: 0, FailedEntries: [] };

/** @throws SyntaxError, Error for a pattern that is none */
const matcherOf = (pattern: string) => eventMatcher(JSON.parse(pattern) as EventPattern);

export const operationsOf = (buses: Buses, region: string): Readonly<Record<string, Operation>> => {
  const named = ({ Name, Rule = Name ?? '', ...body }: Body) => ({ bus: busOf(body), name: Rule });
  const noSuchRule = ({ name }: ReturnType<typeof named>): Answer =>
    refused('ResourceNotFoundException', `Rule ${name} does not exist.`);

  const putEntry = (entry: PutEntry, at: number, fault: EventsFault | undefined) => {
    if (fault?.kind === 'entry-failed' && fault.entry === at)
      return { ErrorCode: fault.code, ErrorMessage: `Injected ${fault.code}` };
    const made = eventOf(entry, region, accountId);
    if (isFailed(made)) return made;
    buses.take(busOf(entry), made, fault?.kind === 'duplicates' ? 2 : 1);
    return { EventId: made.id };
  };

  return {
    PutEvents: ({ Entries: entries = [] }, fault) => {
      const refusal = refusalOf(entries);
      if (refusal) return refused(refusal.type, refusal.message);
      const Entries = entries.map((entry, at) => putEntry(entry, at, fault));
      const FailedEntryCount = Entries.filter((entry) => 'ErrorCode' in entry).length;
      return answered({ FailedEntryCount, Entries });
    },
    PutRule: ({ EventPattern: pattern = '', State = 'ENABLED', ...body }) => {
      const at = named(body);
      try {
        const matches = matcherOf(pattern);
        const isOn = State === 'ENABLED';
        const targets = buses.rule(at)?.targets ?? [];
        buses.addRule({ ...at, targets, matches: (event) => isOn && matches(event) });
      } catch (error) {
        return refused('InvalidEventPatternException', `Event pattern is not valid. Reason: ${error}`);
      }
      return answered({ RuleArn: `arn:aws:events:${region}:${accountId}:rule/${at.bus}/${at.name}` });
    },
    PutTargets: ({ Targets = [], ...body }) => {
      const at = named(body);
      const rule = buses.rule(at);
      if (!rule) return noSuchRule(at);
      const added = Targets.map((target) => targetOf(at.name, { ...target, queue: queueIn(target.Arn) }));
      const kept = rule.targets.filter(({ id }) => !added.some((one) => one.id === id));
      buses.addRule({ ...rule, targets: [...kept, ...added] });
      return answered(noFailures);
    },
    RemoveTargets: (body) => {
      const at = named(body);
      const rule = buses.rule(at);
      if (!rule) return noSuchRule(at);
      buses.addRule({ ...rule, targets: [] });
      return answered(noFailures);
    },
    DeleteRule: (body) => {
      buses.removeRule(named(body));
      return answered({});
    },
    TestEventPattern: ({ EventPattern: pattern = '', Event = '' }) =>
      answered({ Result: matcherOf(pattern)(JSON.parse(Event)) }),
  };
};
