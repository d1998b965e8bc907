import { describe } from 'vitest';
import { useDynamoStore } from '../contract/state/dynamo-store.ts';
import { stateInAnyOrder } from '../contract/state.contract.ts';

const storeOf = useDynamoStore();
describe('the state in DynamoDB', () => stateInAnyOrder(storeOf));
