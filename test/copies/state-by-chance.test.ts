import { afterAll, beforeAll, describe } from 'vitest';
import type { LocalAws } from '../cloud/aws/aws.ts';
import { dynamoStore } from '../contract/state/dynamo-store.ts';
import type { StateStore } from '../contract/state/store.ts';
import { stateByChance } from '../contract/state.contract.ts';
import { startLocalAws } from '../unit/local-aws.ts';

let aws: LocalAws;
let store: StateStore;
beforeAll(async () => {
  aws = await startLocalAws();
  store = dynamoStore(aws.tableName);
});
afterAll(() => aws.stop());

describe('the state in DynamoDB', () => stateByChance(() => store));
