import { httpHandler, json } from '../lib/api/http-handler.ts';
import { loadConfig } from '../lib/config.ts';
import { composeOpenStack, composeTargetRegion } from '../lib/imports/compose.ts';
import { createImportInfo } from '../lib/imports/import-info.ts';

// GET /v2/info/import: the target Glance's methods plus ours.

const config = loadConfig(process.env);
const openstack = composeOpenStack(config);
const importInfo = createImportInfo({ targetRegion: composeTargetRegion(config, openstack) });

export const handler = httpHandler({ method: 'GET', authUrl: config.OS_AUTH_URL }, async (call) =>
  json(200, await importInfo(call.token, call)),
);
