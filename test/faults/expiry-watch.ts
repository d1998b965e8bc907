import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LocalAws } from '../cloud/aws/aws.ts';
import { readBlueprint, resourcesOf } from '../cloud/aws/blueprint.ts';

/** Looks again and again at all items of the table: each must have its time to live at every moment. */
export interface ExpiryWatch {
  /** Names of items of these subjects that were seen without one. */
  unexpiring(subjects: Iterable<string>): readonly string[];
  stop(): Promise<void>;
}

const pauseMs = 500;

/** The attribute that DynamoDB takes for the time to live, as serverless.yml says. */
const expiryAttribute = (): string => {
  const [[, table] = []] = resourcesOf(readBlueprint(), 'AWS::DynamoDB::Table');
  const specification = table?.['TimeToLiveSpecification'] as { readonly AttributeName?: string } | undefined;
  if (!specification?.AttributeName) throw new Error('the table of serverless.yml has no time to live');
  return specification.AttributeName;
};

export const startExpiryWatch = ({ tableName: TableName }: LocalAws): ExpiryWatch => {
  const dynamodb = new DynamoDBClient({});
  const attribute = expiryAttribute();
  const seen = new Map<string, Set<string>>();
  let isStopping = false;

  const look = async (): Promise<void> => {
    for await (const { Items = [] } of paginateScan({ client: dynamodb }, { TableName })) {
      for (const item of Items.map((marshalled) => unmarshall(marshalled))) {
        if (Number.isInteger(item[attribute])) continue;
        const subject = String(item['subject']);
        seen.set(subject, (seen.get(subject) ?? new Set()).add(String(item['item'])));
      }
    }
  };
  const watching = (async () => {
    for (; !isStopping; await delay(pauseMs)) await look();
  })();

  return {
    unexpiring: (subjects) => [...subjects].flatMap((name) => [...(seen.get(name) ?? [])]),
    stop: async () => {
      isStopping = true;
      await watching;
      dynamodb.destroy();
    },
  };
};
