import { afterAll, beforeAll, describe } from 'vitest';
import type { LocalAws } from '../cloud/aws/aws.ts';
import { startLocalAws } from '../unit/local-aws.ts';
import { dynamoStore } from './state/dynamo-store.ts';
import type { StateStore } from './state/store.ts';
import { stateContract } from './state.contract.ts';

let aws: LocalAws;
let store: StateStore;
beforeAll(async () => {
  aws = await startLocalAws();
  store = dynamoStore(aws.tableName);
});
afterAll(() => aws.stop());

describe('the state in DynamoDB', () => stateContract(() => store));
