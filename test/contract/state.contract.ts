import { afterEach, beforeEach, describe, vi } from 'vitest';
import { claimsContract } from './state/claims.contract.ts';
import { copiesContract } from './state/copies.contract.ts';
import { copyModelContract } from './state/copy-model.contract.ts';
import { copyRacesContract } from './state/copy-races.contract.ts';
import { copyStormsContract } from './state/copy-storms.contract.ts';
import { locksContract } from './state/locks.contract.ts';
import { remainsContract } from './state/remains.contract.ts';
import { seatsContract } from './state/seats.contract.ts';
import type { StateStore } from './state/store.ts';
import { tasksContract } from './state/tasks.contract.ts';

/** What the ports of lib/state promise: one set of cases for every adapter. Time stands still but where a case moves it. */
export function stateContract(storeOf: () => StateStore): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => vi.useRealTimers());
  describe('claims', () => claimsContract(storeOf));
  describe('tasks', () => tasksContract(storeOf));
  describe('copies', () => copiesContract(storeOf));
  describe('copies in any order', () => copyModelContract(storeOf));
  describe('copies that many want', () => {
    copyRacesContract(storeOf);
    copyStormsContract(storeOf);
  });
  describe('locks', () => locksContract(storeOf));
  describe('seats', () => seatsContract(storeOf));
  describe('remains', () => remainsContract(storeOf));
}
