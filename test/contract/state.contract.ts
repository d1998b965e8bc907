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

/** Time stands still but where a case moves it. */
const stopClock = (): void => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => vi.useRealTimers());
};

/** What the ports of lib/state promise: one set of cases for every adapter. */
export function stateContract(storeOf: () => StateStore): void {
  stopClock();
  describe('claims', () => claimsContract(storeOf));
  describe('tasks', () => tasksContract(storeOf));
  describe('copies', () => copiesContract(storeOf));
  describe('locks', () => locksContract(storeOf));
  describe('seats', () => seatsContract(storeOf));
  describe('remains', () => remainsContract(storeOf));
}

/** The same with calls that meet: in every order, and where there are too many, in some of them by chance. It takes its time. */
export function stateInAnyOrder(storeOf: () => StateStore): void {
  stopClock();
  describe('copies in any order', () => copyModelContract(storeOf));
  describe('copies that many want', () => {
    copyRacesContract(storeOf);
    copyStormsContract(storeOf);
  });
}
