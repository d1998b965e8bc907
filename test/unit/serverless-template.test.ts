import { rm } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import { alarmsCases } from './template/alarms.cases.ts';
import { functionsCases } from './template/functions.cases.ts';
import { type Packaged, packageService } from './template/packaged.ts';
import { queuesCases } from './template/queues.cases.ts';
import { rightsCases } from './template/rights.cases.ts';
import { schemaCases } from './template/schema.cases.ts';
import { settingsCases } from './template/settings.cases.ts';
import { storageCases } from './template/storage.cases.ts';

// What `npm run package` makes of serverless.yml, packaged once for all of these.

let service: Packaged;
beforeAll(async () => {
  service = await packageService();
});
afterAll(() => rm(service.dir, { recursive: true, force: true }));

const packaged = () => service;
functionsCases(packaged);
settingsCases(packaged);
rightsCases(packaged);
schemaCases(packaged);
queuesCases(packaged);
storageCases(packaged);
alarmsCases(packaged);
