import { arnOwnerOf, type Blueprint, type Resource, resourcesOf } from '../blueprint.ts';
import { type EventPattern, eventMatcher } from './pattern.ts';
import type { BusEvent } from './put-events.ts';

/** A queue that a rule sends to. */
export interface RuleTarget {
  readonly id: string;
  /** Its name, which locally is the logical id of serverless.yml. */
  readonly queue: string;
  /** The body of the message. */
  readonly bodyOf: (event: BusEvent) => string;
}

export interface Rule {
  readonly name: string;
  readonly bus: string;
  readonly matches: (event: BusEvent) => boolean;
  readonly targets: readonly RuleTarget[];
}

/** A target as serverless.yml, or a call, has it. */
export interface TargetPlan {
  readonly Id?: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: unknown;
}

/** `$`, `$.detail`, `$.detail.source`. */
const at = (event: BusEvent, path: string): unknown => {
  if (!/^\$(\.[\w-]+)*$/.test(path)) throw new Error(`InputPath ${path} is not emulated`);
  const names = path.split('.').slice(1);
  return names.reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    event,
  );
};

/** @param queue undefined for a target that is none. @throws Error for a target that is not emulated */
export const targetOf = (
  rule: string,
  plan: TargetPlan & { readonly queue: string | undefined },
): RuleTarget => {
  const { Id: id = '', queue, Input, InputPath, InputTransformer } = plan;
  if (queue === undefined || InputTransformer)
    throw new Error(`${rule}: only targets that are queues, untransformed, are emulated`);
  return { id, queue, bodyOf: (event) => Input ?? JSON.stringify(at(event, InputPath ?? '$') ?? null) };
};

/** A name that CloudFormation or the Serverless Framework would resolve is the default bus's here. */
const busNameOf = (name: unknown): string =>
  typeof name === 'string' && name !== '' && !name.includes('${') ? name : 'default';

const ruleOf = (name: string, properties: Resource['Properties']): Rule => {
  const { EventPattern: pattern, EventBusName, Targets = [] } = properties;
  const matches = eventMatcher(pattern as EventPattern);
  const targets = (Targets as readonly (TargetPlan & { readonly Arn: unknown })[]).map((target) =>
    targetOf(name, { ...target, queue: arnOwnerOf(target.Arn) }),
  );
  return { name, bus: busNameOf(EventBusName), matches, targets };
};

/** The rules of the blueprint that are enabled and ask for events; schedules are none. */
export const rulesOf = (blueprint: Blueprint): readonly Rule[] =>
  resourcesOf(blueprint, 'AWS::Events::Rule')
    .filter(([, { EventPattern: pattern, State = 'ENABLED' }]) => pattern && State === 'ENABLED')
    .map(([name, properties]) => ruleOf(name, properties));
