import { describe } from 'vitest';
import { useDynamoStore } from './state/dynamo-store.ts';
import { stateContract } from './state.contract.ts';

const storeOf = useDynamoStore();
describe('the state in DynamoDB', () => stateContract(storeOf));
