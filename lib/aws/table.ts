import { setTimeout as delay } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { serviceError } from './service-error.ts';

/** Primary key: all that concerns one image lies together. */
export interface Key {
  readonly imageId: string;
  readonly item: string;
}

export type Item = Readonly<Record<string, unknown>>;

/** A condition in DynamoDB's expression language, names and values apart. */
export interface Condition {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Item;
}

/** The imports table. A write whose condition does not hold answers false; see service-error.ts for what else they throw. */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  put(key: Key, item: Item, condition?: Condition): Promise<boolean>;
  /** Sets the attributes; those that are undefined are removed. */
  update(key: Key, attributes: Item, condition?: Condition): Promise<boolean>;
  remove(key: Key, condition?: Condition): Promise<boolean>;
  /** Many items of one image, in few requests. */
  removeAll(imageId: string, items: readonly string[]): Promise<void>;
  /** All items of an image whose `item` starts with the prefix, in order. */
  query(imageId: string, prefix: string): Promise<readonly Item[]>;
  /** All items of an image from one to another, both included, in order. */
  queryBetween(imageId: string, from: string, to: string): Promise<readonly Item[]>;
}

/** Of BatchWriteItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
export const mostPerBatch = 25;
/**
 * All items of an image lie in one partition, which takes 1000 writes a second; others must get through beside a large
 * image's ten thousand checkpoints.
 */
export const batchPauseMs = 40;
const batchTries = 8;
const firstBatchDelayMs = 50; // doubled each time

/** Without an answer for so long a connection counts as dead: a worker has no deadline that would end the wait. */
const silenceMs = 30_000;

export const createDynamoClient = (): DynamoDBClient =>
  new DynamoDBClient({ maxAttempts: 4, requestHandler: { socketTimeout: silenceMs } });

const toDynamo = (item: Item) => marshall(item, { removeUndefinedValues: true });

const conditionOf = ({ expression, names, values }: Condition) => ({
  ConditionExpression: expression,
  ...(names && { ExpressionAttributeNames: { ...names } }),
  ...(values && { ExpressionAttributeValues: toDynamo(values) }),
});

/** `SET #0 = :0 REMOVE #1`, every name aliased because DynamoDB reserves words such as `status` and `owner`. */
const updateOf = (attributes: Item, condition: Condition | undefined) => {
  const entries = Object.entries(attributes).map(([name, value], index) => ({ name, value, index }));
  const set = entries.filter(({ value }) => value !== undefined);
  const removed = entries.filter(({ value }) => value === undefined);
  const clauses = [
    ...(set.length > 0 ? [`SET ${set.map(({ index }) => `#${index} = :${index}`).join(', ')}`] : []),
    ...(removed.length > 0 ? [`REMOVE ${removed.map(({ index }) => `#${index}`).join(', ')}`] : []),
  ];
  const names = Object.fromEntries(entries.map(({ name, index }) => [`#${index}`, name]));
  const values = Object.fromEntries(set.map(({ value, index }) => [`:${index}`, value]));
  return {
    UpdateExpression: clauses.join(' '),
    ...(condition && { ConditionExpression: condition.expression }),
    ExpressionAttributeNames: { ...names, ...condition?.names },
    ...(set.length + Object.keys(condition?.values ?? {}).length > 0 && {
      ExpressionAttributeValues: toDynamo({ ...values, ...condition?.values }),
    }),
  };
};

const guarded = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (cause) {
    throw serviceError(`${operation} in the imports table`, cause);
  }
};

const conditional = (operation: string, run: () => Promise<unknown>): Promise<boolean> =>
  guarded(operation, async () => {
    try {
      await run();
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  });

export const createTable = (client: DynamoDBClient, name: string): Table => {
  const at = (key: Key) => ({ TableName: name, Key: marshall({ imageId: key.imageId, item: key.item }) });

  const list = (what: string, imageId: string, condition: string, values: Item) =>
    guarded(`list ${what} of image ${imageId}`, async () => {
      const items: Item[] = [];
      let next: Record<string, AttributeValue> | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: name,
            KeyConditionExpression: `imageId = :imageId AND ${condition}`,
            ExpressionAttributeNames: { '#item': 'item' },
            ExpressionAttributeValues: marshall({ ':imageId': imageId, ...values }),
            ConsistentRead: true,
            ...(next && { ExclusiveStartKey: next }),
          }),
        );
        items.push(...(page.Items ?? []).map((item) => unmarshall(item)));
        next = page.LastEvaluatedKey;
      } while (next);
      return items;
    });

  /** What DynamoDB had no capacity for comes back, and is to be sent again after a while. */
  const removeBatch = async (keys: readonly Key[]): Promise<void> => {
    let requests: readonly WriteRequest[] = keys.map((key) => ({ DeleteRequest: { Key: at(key).Key } }));
    for (let tries = 0; requests.length > 0; tries += 1) {
      if (tries === batchTries) throw new Error(`${requests.length} items are left`);
      if (tries > 0) await delay(firstBatchDelayMs * 2 ** tries);
      const command = new BatchWriteItemCommand({ RequestItems: { [name]: [...requests] } });
      requests = (await client.send(command)).UnprocessedItems?.[name] ?? [];
    }
  };

  return {
    get: (key) =>
      guarded(`read ${key.item} of image ${key.imageId}`, async () => {
        const { Item } = await client.send(new GetItemCommand({ ...at(key), ConsistentRead: true }));
        return Item && unmarshall(Item);
      }),
    put: (key, item, condition) =>
      conditional(`write ${key.item} of image ${key.imageId}`, () =>
        client.send(
          new PutItemCommand({
            TableName: name,
            Item: toDynamo({ ...item, ...key }),
            ...(condition && conditionOf(condition)),
          }),
        ),
      ),
    update: (key, attributes, condition) =>
      conditional(`update ${key.item} of image ${key.imageId}`, () =>
        client.send(new UpdateItemCommand({ ...at(key), ...updateOf(attributes, condition) })),
      ),
    remove: (key, condition) =>
      conditional(`delete ${key.item} of image ${key.imageId}`, () =>
        client.send(new DeleteItemCommand({ ...at(key), ...(condition && conditionOf(condition)) })),
      ),
    removeAll: (imageId, items) =>
      guarded(`delete ${items.length} items of image ${imageId}`, async () => {
        for (let first = 0; first < items.length; first += mostPerBatch) {
          if (first > 0) await delay(batchPauseMs);
          await removeBatch(items.slice(first, first + mostPerBatch).map((item) => ({ imageId, item })));
        }
      }),
    query: (imageId, prefix) => list(prefix, imageId, 'begins_with(#item, :prefix)', { ':prefix': prefix }),
    queryBetween: (imageId, from, to) =>
      list(`${from} to ${to}`, imageId, '#item BETWEEN :from AND :to', { ':from': from, ':to': to }),
  };
};
