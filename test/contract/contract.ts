import { describe } from 'vitest';
import type { ContractCloud } from './cloud.ts';
import { createContract } from './create.contract.ts';
import { discoveryContract } from './discovery.contract.ts';
import { fileContract } from './file.contract.ts';
import { importContract } from './import.contract.ts';
import { keystoneContract } from './keystone.contract.ts';
import { patchContract } from './patch.contract.ts';
import { sharingContract } from './sharing.contract.ts';
import { uploadContract } from './upload.contract.ts';

/** What Keystone and Glance do, as far as this project relies on it: one set of cases for every cloud. */
export function openStackContract(cloudOf: () => ContractCloud): void {
  describe('Keystone', () => keystoneContract(cloudOf));
  describe('Glance discovery and errors', () => discoveryContract(cloudOf));
  describe('Glance records', () => createContract(cloudOf));
  describe('Glance changes', () => patchContract(cloudOf));
  describe('Glance data', () => fileContract(cloudOf));
  describe('Glance uploads', () => uploadContract(cloudOf));
  describe('Glance sharing', () => sharingContract(cloudOf));
  describe('Glance imports', () => importContract(cloudOf));
}
