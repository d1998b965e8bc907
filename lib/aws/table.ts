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
  type ReturnValue,
  ScanCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import {
  type Changes,
  type Condition,
  changesOf,
  conditionOf,
  type Item,
  toDynamo,
  updateOf,
} from './expressions.ts';
import { type Patience, patienceOf } from './patience.ts';
import { serviceError } from './service-error.ts';
import { type Intended, isWrittenBefore } from './written-before.ts';

export type { Changes, Condition, Item } from './expressions.ts';

/** Primary key: all that concerns one subject lies together. */
export interface Key {
  readonly subject: string;
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
  /** An update that tells what came of it: @returns the item as it is then, undefined when it was refused */
  change(key: Key, changes: Changes, condition?: Condition): Promise<Item | undefined>;
  remove(key: Key, condition?: Condition): Promise<boolean>;
  /** Many items of one subject, in few requests. */
  removeAll(subject: string, items: readonly string[]): Promise<void>;
  /** All items of the table, page by page. */
  scan(): AsyncIterable<readonly Item[]>;
  /** All items of a subject whose `item` starts with the prefix, in order. */
  query(subject: string, prefix: string): Promise<readonly Item[]>;
  /** All items of a subject from one to another, both included, in order. */
  queryBetween(subject: string, from: string, to: string): Promise<readonly Item[]>;
}

/** Of BatchWriteItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
export const mostPerBatch = 25;
/**
 * All items of a copy lie in one partition, which takes 1000 writes a second; others must get through beside a large
 * image's ten thousand checkpoints.
 */
export const batchPauseMs = 40;
const batchTries = 8;
const firstBatchDelayMs = 50; // doubled each time

/** A worker has no deadline that would end the wait. */
const usual: Patience = { silenceMs: 30_000, maxAttempts: 4 };

export const createDynamoClient = (patience = usual): DynamoDBClient => {
  const client = new DynamoDBClient(patienceOf(patience));
  // It goes through all that is asked and answered, for a log that nobody keeps.
  client.middlewareStack.remove('loggerMiddleware');
  return client;
};

const guarded = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (cause) {
    throw serviceError(`${operation} in the imports table`, cause);
  }
};

interface Answer {
  readonly Attributes?: Record<string, AttributeValue> | undefined;
}

export const createTable = (client: DynamoDBClient, name: string): Table => {
  const at = (key: Key) => ({ TableName: name, Key: marshall({ subject: key.subject, item: key.item }) });

  const read = async (key: Key) =>
    (await client.send(new GetItemCommand({ ...at(key), ConsistentRead: true }))).Item;

  /** @returns the item that was asked for in the answer, or read because the write was refused; false when it was not done */
  const write = (operation: string, key: Key, intended: Intended, run: () => Promise<Answer>) =>
    guarded(`${operation} ${key.item} of ${key.subject}`, async () => {
      try {
        return (await run()).Attributes ?? {};
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const found = await read(key);
        return isWrittenBefore(found, intended) && (found ?? {});
      }
    });

  const sendUpdate = (
    key: Key,
    changes: Changes,
    condition: Condition | undefined,
    returned: ReturnValue,
  ) => {
    const intended = changesOf(changes);
    const command = { ...at(key), ...updateOf(intended, condition), ReturnValues: returned };
    return write('update', key, intended, () => client.send(new UpdateItemCommand(command)));
  };

  const list = (what: string, subject: string, condition: string, values: Item) =>
    guarded(`list ${what} of ${subject}`, async () => {
      const items: Item[] = [];
      let next: Record<string, AttributeValue> | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: name,
            KeyConditionExpression: `subject = :subject AND ${condition}`,
            ExpressionAttributeNames: { '#item': 'item' },
            ExpressionAttributeValues: marshall({ ':subject': subject, ...values }),
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
      guarded(`read ${key.item} of ${key.subject}`, async () => {
        const found = await read(key);
        return found && unmarshall(found);
      }),
    put: async (key, item, condition) => {
      const put = { kind: 'put', item: toDynamo({ ...item, ...key }) } as const;
      const command = { TableName: name, Item: put.item, ...(condition && conditionOf(condition)) };
      return (await write('write', key, put, () => client.send(new PutItemCommand(command)))) !== false;
    },
    update: async (key, attributes, condition) =>
      (await sendUpdate(key, { set: attributes }, condition, 'NONE')) !== false,
    change: async (key, changes, condition) => {
      const changed = await sendUpdate(key, changes, condition, 'ALL_NEW');
      return changed === false ? undefined : unmarshall(changed);
    },
    remove: async (key, condition) => {
      const command = { ...at(key), ...(condition && conditionOf(condition)) };
      const remove = () => client.send(new DeleteItemCommand(command));
      return (await write('delete', key, { kind: 'remove' }, remove)) !== false;
    },
    removeAll: (subject, items) =>
      guarded(`delete ${items.length} items of ${subject}`, async () => {
        for (let first = 0; first < items.length; first += mostPerBatch) {
          if (first > 0) await delay(batchPauseMs);
          await removeBatch(items.slice(first, first + mostPerBatch).map((item) => ({ subject, item })));
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
    query: (subject, prefix) => list(prefix, subject, 'begins_with(#item, :prefix)', { ':prefix': prefix }),
    queryBetween: (subject, from, to) =>
      list(`${from} to ${to}`, subject, '#item BETWEEN :from AND :to', { ':from': from, ':to': to }),
  };
};
