import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { httpHandler, json, openHandler } from '../lib/api/http-handler.ts';
import { versionDocument } from '../lib/api/versions.ts';
import { loadConfig } from '../lib/config.ts';
import { composeOpenStack, composeTargetRegion } from '../lib/compose/compose.ts';
import { createEnabledMethods } from '../lib/imports/request/enabled-methods.ts';
import { createImportInfo } from '../lib/imports/request/import-info.ts';

// GET /v2/info/import: the import methods that POST answers. GET / and /versions: what clients ask before.

const config = loadConfig(process.env);
const importInfo = createImportInfo({
  targetRegion: composeTargetRegion(config, composeOpenStack(config)),
  enabledMethods: createEnabledMethods(config.OS_DEFAULT__ENABLED_IMPORT_METHODS),
});
const options = { method: 'GET', authUrl: config.OS_AUTH_URL, contract: config.API_CONTRACT } as const;

const importMethods = httpHandler(options, async (call) => json(200, await importInfo(call.token, call)));

/** Glance answers its root with 300 Multiple Choices, and /versions with 200. */
const versions = openHandler(options, (asked) =>
  json(asked.path === '/' ? 300 : 200, versionDocument(asked)),
);

export const handler = (event: APIGatewayProxyEventV2, context: Context) =>
  event.rawPath === '/' || event.rawPath === '/versions'
    ? versions(event, context)
    : importMethods(event, context);
