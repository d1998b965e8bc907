import { describe } from 'vitest';
import { useDynamoStore } from '../contract/state/dynamo-store.ts';
import { stateByChance } from '../contract/state.contract.ts';

const storeOf = useDynamoStore();
describe('the state in DynamoDB', () => stateByChance(storeOf));
