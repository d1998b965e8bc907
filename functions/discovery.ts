import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { regionUrl } from '../lib/api/address.ts';
import { httpHandler, json, openHandler, routeOf } from '../lib/api/http-handler.ts';
import { versionDocument } from '../lib/api/versions.ts';
import { composeAuthUrl, composeOpenStack, composeTargets } from '../lib/compose/openstack.ts';
import { loadConfig } from '../lib/config.ts';
import { createEnabledMethods } from '../lib/imports/request/enabled-methods.ts';
import { createImportInfo } from '../lib/imports/request/import-info.ts';
import { createListRegions } from '../lib/imports/request/list-regions.ts';

// API discovery: GET /v2/info/import (import methods), GET / and /versions (API versions), each also below
// /regions/{region}; GET /regions (regions served).

const config = loadConfig(process.env);
const targets = composeTargets(config, composeOpenStack(config));
const enabledMethods = createEnabledMethods(config.OS_DEFAULT__ENABLED_IMPORT_METHODS);
const importInfo = createImportInfo({ targets, enabledMethods });
const listRegions = createListRegions({ targets });
const options = { method: 'GET', authUrl: composeAuthUrl(config), contract: config.API_CONTRACT } as const;

const importMethods = httpHandler(options, async (call) => json(200, await importInfo(call)));

const regions = httpHandler(options, async (call) =>
  json(200, await listRegions(call, (region) => regionUrl(call.root, region))),
);

/** Glance answers its root with 300 Multiple Choices, and /versions with 200. */
const versions = openHandler(options, (asked) => {
  targets.requireNamed(asked.region);
  return json(asked.route.endsWith('/versions') ? 200 : 300, versionDocument(asked));
});

const handlers = new Map<string, typeof versions>([
  ['/regions', regions],
  ['/', versions],
  ['/versions', versions],
  ['/regions/{region}', versions],
  ['/regions/{region}/', versions],
  ['/regions/{region}/versions', versions],
]);

export const handler = (event: APIGatewayProxyEventV2, context: Context) =>
  (handlers.get(routeOf(event)) ?? importMethods)(event, context);
