import { marshall } from '@aws-sdk/util-dynamodb';
import type { IntendedUpdate } from './written-before.ts';

// What the table's calls are made of, in DynamoDB's expression language.

export type Item = Readonly<Record<string, unknown>>;

/** A condition in DynamoDB's expression language, names and values apart. */
export interface Condition {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Item;
}

type Sets = Readonly<Record<string, ReadonlySet<string>>>;

/** What an update changes; no attribute twice. */
export interface Changes {
  /** Attributes to set; those that are undefined are removed. */
  readonly set?: Item;
  /** Attributes that every writer sets, and that therefore do not tell whether this one has written before. */
  readonly touch?: Item;
  /** Elements that go into sets, or out of them; neither minds what is there, and an empty set is no attribute. */
  readonly add?: Sets;
  readonly drop?: Sets;
}

export const toDynamo = (item: Item) => marshall(item, { removeUndefinedValues: true });

export const conditionOf = ({ expression, names, values }: Condition) => ({
  ConditionExpression: expression,
  ...(names && { ExpressionAttributeNames: { ...names } }),
  ...(values && { ExpressionAttributeValues: toDynamo(values) }),
});

/** Changes in DynamoDB's form, and the names of the attributes to remove. */
export const changesOf = ({ set = {}, touch = {}, add = {}, drop = {} }: Changes): IntendedUpdate => ({
  kind: 'update',
  set: toDynamo(set),
  removed: Object.keys(set).filter((name) => set[name] === undefined),
  touched: toDynamo(touch),
  added: toDynamo(add),
  dropped: toDynamo(drop),
});

/** How each verb names attribute and value. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html */
const verbs = {
  SET: (index: number) => `#${index} = :${index}`,
  REMOVE: (index: number) => `#${index}`,
  ADD: (index: number) => `#${index} :${index}`,
  DELETE: (index: number) => `#${index} :${index}`,
};

/** `SET #0 = :0 REMOVE #1`, every name aliased because DynamoDB reserves words such as `status` and `owner`. */
export const updateOf = (
  { set, removed, touched, added, dropped }: IntendedUpdate,
  condition: Condition | undefined,
) => {
  const doing = (verb: keyof typeof verbs, values: typeof set) =>
    Object.entries(values).map(([name, value]) => ({ verb, name, value }));
  const steps = [
    ...doing('SET', { ...set, ...touched }),
    ...removed.map((name) => ({ verb: 'REMOVE' as const, name, value: undefined })),
    ...doing('ADD', added),
    ...doing('DELETE', dropped),
  ].map((step, index) => ({ ...step, index, text: verbs[step.verb](index) }));
  const clauses = [...new Set(steps.map(({ verb }) => verb))].map((verb) => {
    const ofVerb = steps.filter((step) => step.verb === verb);
    return `${verb} ${ofVerb.map(({ text }) => text).join(', ')}`;
  });
  const values = {
    ...Object.fromEntries(steps.flatMap(({ index, value }) => (value ? [[`:${index}`, value]] : []))),
    ...toDynamo(condition?.values ?? {}),
  };
  return {
    UpdateExpression: clauses.join(' '),
    ...(condition && { ConditionExpression: condition.expression }),
    ExpressionAttributeNames: {
      ...Object.fromEntries(steps.map(({ index, name }) => [`#${index}`, name])),
      ...condition?.names,
    },
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
};
