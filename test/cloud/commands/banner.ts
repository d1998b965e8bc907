import type { Cloud } from '../cloud.ts';
import type { Functions } from '../offline/serverless-offline.ts';
import type { OtherCloud } from './other-cloud.ts';

const lines = (rows: Readonly<Record<string, string | undefined>>) =>
  Object.entries(rows)
    .map(([name, value]) => `  ${name.padEnd(18)} ${value}`)
    .join('\n');

interface Import {
  readonly url: string;
  readonly token: string;
  readonly sourceId: string;
  readonly sourceRegion: string;
  readonly targetId: string;
}

/** A curl that imports. What needs no quoting for a shell stays readable. */
function importCurl({ url, token, sourceId, sourceRegion, targetId }: Import): string {
  const method = { name: 'glance-download', glance_region: sourceRegion, glance_image_id: sourceId };
  return `curl -i -X POST ${url}/v2/images/${targetId}/import \\
  -H "X-Auth-Token: ${token}" -H 'Content-Type: application/json' \\
  -d '${JSON.stringify({ method })}'`;
}

/** A queued image of a region. */
export interface Target {
  readonly id: string;
  readonly region: string;
  /** Our HTTP API of that region. */
  readonly url: string;
  readonly glanceUrl: string;
}

/** An invocation that has an image brought into other regions. */
function eventCurl({ lambdaUrl }: Functions, sourceId: string): string {
  const targets = ['REGION2', 'REGION3', 'NORTH'].map((region) => ({ region, visibility: 'public' }));
  const event = { source: { region: 'REGION1', image_id: sourceId }, targets };
  return `curl -s -X POST ${lambdaUrl}/2015-03-31/functions/glance-ferry-prod-replicate-image/invocations \\
  -d '${JSON.stringify(event)}'`;
}

/** What `npm start` prints: where everything is, and what to try. */
export function emulatedBanner({
  cloud: { openstack, aws },
  north,
  functions,
  token,
  sourceId,
  targets,
}: {
  readonly cloud: Cloud;
  readonly north: OtherCloud;
  readonly functions: Functions;
  readonly token: string;
  readonly sourceId: string;
  readonly targets: readonly Target[];
}): string {
  const { url, lambdaUrl, logFile } = functions;
  const glances = Object.entries(openstack.regions).map(([name, { url }]) => [`Glance of ${name}`, url]);
  const queued = targets.map(({ id, region }) => [`target in ${region}`, `${id}  (queued)`]);
  const imports = targets.map(({ url, id: targetId }) =>
    importCurl({ url, token, sourceId, sourceRegion: 'REGION1', targetId }),
  );
  const auth = `-H "X-Auth-Token: ${token}"`;
  const looks = targets.map(
    ({ id, url, glanceUrl }) =>
      `curl -s ${url}/v2/images/${id}/tasks ${auth}\ncurl -s ${glanceUrl}/v2/images/${id} ${auth}`,
  );
  return `
glance-ferry is up. Ctrl-C stops it.

${lines({
  'our HTTP API': url,
  'Lambda’s API': lambdaUrl,
  Keystone: openstack.authUrl,
  ...Object.fromEntries(glances),
  'Keystone of NORTH': north.authUrl,
  'Glance of NORTH': north.regions.NORTH.url,
  'SQS, S3, DynamoDB': [aws.endpoints.sqs, aws.endpoints.s3, aws.endpoints.dynamodb].join('  '),
  'Secrets Manager': aws.endpoints.secretsManager,
  EventBridge: aws.endpoints.eventBridge,
  'functions’ log': logFile,
  'token of demo': token,
  'source in REGION1': `${sourceId}  (active, 64 MiB)`,
  ...Object.fromEntries(queued),
})}

Import the source into the targets:

${imports.join('\n\n')}

Watch them, and see what has come:

${looks.join('\n')}

Or, without records and requests of one's own, have it in all of them, and in another cloud:

${eventCurl(functions, sourceId)}

curl -s '${north.regions.NORTH.url}/v2/images?ferry_source_id=${sourceId}' -H "X-Auth-Token: ${north.issueToken('demo')}"

What the event bus was told:

curl -s ${aws.endpoints.eventBridge}/received
`;
}

/** The same for a real cloud. */
export function realBanner({
  env,
  functions: { url, lambdaUrl, logFile },
}: {
  readonly env: Readonly<Record<string, string>>;
  readonly functions: Functions;
}): string {
  const parameters = {
    token: '$OS_TOKEN',
    sourceId: '$SOURCE',
    sourceRegion: '$REGION',
    targetId: '$TARGET',
  };
  const curl = importCurl({ url, ...parameters });
  return `
glance-ferry is up. Ctrl-C stops it.

${lines({
  'our HTTP API': url,
  'Lambda’s API': lambdaUrl,
  Keystone: env['OS_AUTH_URL'],
  'target region': env['OS_REGION_NAME'],
  'relay bucket': `${env['RELAY_BUCKET']} at ${env['AWS_ENDPOINT_URL_S3']}`,
  'functions’ log': logFile,
})}

With OS_TOKEN=$(openstack token issue -f value -c id), SOURCE and REGION of an image, and TARGET, a queued record:

${curl.replace(/-d '(.*)'$/s, (_all, body: string) => `-d "${body.replaceAll('"', '\\"')}"`)}

curl -s ${url}/v2/images/$TARGET/tasks -H "X-Auth-Token: $OS_TOKEN"
`;
}
