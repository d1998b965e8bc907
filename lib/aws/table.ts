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
  ScanCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type Condition, changesOf, conditionOf, type Item, toDynamo, updateOf } from './expressions.ts';
import { type Patience, patienceOf } from './patience.ts';
import { serviceError } from './service-error.ts';
import { type Intended, isWrittenBefore } from './written-before.ts';

export type { Condition, Item } from './expressions.ts';

/** Primary key: all that concerns one image lies together. */
export interface Key {
  readonly imageId: string;
  readonly item: string;
}

/**
 * The imports table. A write whose condition does not hold answers false, unless the item is just as the write was to
 * leave it: see written-before.ts. What else fails throws, see service-error.ts.
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  put(key: Key, item: Item, condition?: Condition): Promise<boolean>;
  /** Sets the attributes; those that are undefined are removed. */
  update(key: Key, attributes: Item, condition?: Condition): Promise<boolean>;
  remove(key: Key, condition?: Condition): Promise<boolean>;
  /** Many items of one image, in few requests. */
  removeAll(imageId: string, items: readonly string[]): Promise<void>;
  /** All items of the table, page by page. */
  scan(): AsyncIterable<readonly Item[]>;
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

/** A worker has no deadline that would end the wait. */
const usual: Patience = { silenceMs: 30_000, maxAttempts: 4 };

export const createDynamoClient = (patience = usual): DynamoDBClient =>
  new DynamoDBClient(patienceOf(patience));

const guarded = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (cause) {
    throw serviceError(`${operation} in the imports table`, cause);
  }
};

export const createTable = (client: DynamoDBClient, name: string): Table => {
  const at = (key: Key) => ({ TableName: name, Key: marshall({ imageId: key.imageId, item: key.item }) });

  const read = async (key: Key) =>
    (await client.send(new GetItemCommand({ ...at(key), ConsistentRead: true }))).Item;

  const write = (operation: string, key: Key, intended: Intended, run: () => Promise<unknown>) =>
    guarded(`${operation} ${key.item} of image ${key.imageId}`, async () => {
      try {
        await run();
        return true;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return isWrittenBefore(await read(key), intended);
      }
    });

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
        const found = await read(key);
        return found && unmarshall(found);
      }),
    put: (key, item, condition) => {
      const put = { kind: 'put', item: toDynamo({ ...item, ...key }) } as const;
      const command = { TableName: name, Item: put.item, ...(condition && conditionOf(condition)) };
      return write('write', key, put, () => client.send(new PutItemCommand(command)));
    },
    update: (key, attributes, condition) => {
      const changes = changesOf(attributes);
      const command = { ...at(key), ...updateOf(changes, condition) };
      return write('update', key, changes, () => client.send(new UpdateItemCommand(command)));
    },
    remove: (key, condition) => {
      const command = { ...at(key), ...(condition && conditionOf(condition)) };
      return write('delete', key, { kind: 'remove' }, () => client.send(new DeleteItemCommand(command)));
    },
    removeAll: (imageId, items) =>
      guarded(`delete ${items.length} items of image ${imageId}`, async () => {
        for (let first = 0; first < items.length; first += mostPerBatch) {
          if (first > 0) await delay(batchPauseMs);
          await removeBatch(items.slice(first, first + mostPerBatch).map((item) => ({ imageId, item })));
        }
      }),
    scan: async function* () {
      let next: Record<string, AttributeValue> | undefined;
      do {
        const start = next && { ExclusiveStartKey: next };
        const page = await guarded('scan', () =>
          client.send(new ScanCommand({ TableName: name, ConsistentRead: true, ...start })),
        );
        yield (page.Items ?? []).map((item) => unmarshall(item));
        next = page.LastEvaluatedKey;
      } while (next);
    },
    query: (imageId, prefix) => list(prefix, imageId, 'begins_with(#item, :prefix)', { ':prefix': prefix }),
    queryBetween: (imageId, from, to) =>
      list(`${from} to ${to}`, imageId, '#item BETWEEN :from AND :to', { ':from': from, ':to': to }),
  };
};
