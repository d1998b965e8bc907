import { once } from 'node:events';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { type Blueprint, resourcesOf } from './blueprint.ts';
import { listen } from './listen.ts';

/** dynalite on 127.0.0.1; tables are in memory. Time to live is not emulated: nothing expires. */
export async function startDynamoDb(port: number) {
  const server = dynalite({ createTableMs: 0 });
  const endpoint = await listen(server, port, 'DynamoDB');
  return {
    endpoint,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Creates the tables of the blueprint under their logical ids. */
export async function createTables(dynamodb: DynamoDBClient, blueprint: Blueprint): Promise<string[]> {
  const tables = resourcesOf(blueprint, 'AWS::DynamoDB::Table');
  for (const [TableName, properties] of tables) {
    const { BillingMode, AttributeDefinitions, KeySchema } = properties as Partial<CreateTableCommandInput>;
    await dynamodb.send(new CreateTableCommand({ TableName, BillingMode, AttributeDefinitions, KeySchema }));
  }
  return tables.map(([name]) => name);
}
