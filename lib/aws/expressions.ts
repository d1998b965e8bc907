import { marshall } from '@aws-sdk/util-dynamodb';
import type { Intended } from './written-before.ts';

// What the table's calls are made of, in DynamoDB's expression language.

export type Item = Readonly<Record<string, unknown>>;

/** A condition in DynamoDB's expression language, names and values apart. */
export interface Condition {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Item;
}

export const toDynamo = (item: Item) => marshall(item, { removeUndefinedValues: true });

export const conditionOf = ({ expression, names, values }: Condition) => ({
  ConditionExpression: expression,
  ...(names && { ExpressionAttributeNames: { ...names } }),
  ...(values && { ExpressionAttributeValues: toDynamo(values) }),
});

/** Attributes to set in DynamoDB's form, and the names of those to remove. */
export const changesOf = (attributes: Item): Extract<Intended, { kind: 'update' }> => ({
  kind: 'update',
  set: toDynamo(attributes),
  removed: Object.keys(attributes).filter((name) => attributes[name] === undefined),
});

/** `SET #0 = :0 REMOVE #1`, every name aliased because DynamoDB reserves words such as `status` and `owner`. */
export const updateOf = (
  { set, removed }: ReturnType<typeof changesOf>,
  condition: Condition | undefined,
) => {
  const entries = Object.entries(set);
  const names = [...Object.keys(set), ...removed];
  const aliases = (from: number, to: number, alias: (index: number) => string): string =>
    Array.from({ length: to - from }, (_, index) => alias(from + index)).join(', ');
  const clauses = [
    ...(entries.length > 0 ? [`SET ${aliases(0, entries.length, (index) => `#${index} = :${index}`)}`] : []),
    ...(removed.length > 0
      ? [`REMOVE ${aliases(entries.length, names.length, (index) => `#${index}`)}`]
      : []),
  ];
  const values = Object.fromEntries(entries.map(([, value], index) => [`:${index}`, value]));
  const all = { ...values, ...toDynamo(condition?.values ?? {}) };
  return {
    UpdateExpression: clauses.join(' '),
    ...(condition && { ConditionExpression: condition.expression }),
    ExpressionAttributeNames: {
      ...Object.fromEntries(names.map((name, index) => [`#${index}`, name])),
      ...condition?.names,
    },
    ...(Object.keys(all).length > 0 && { ExpressionAttributeValues: all }),
  };
};
