import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';

export interface RequestOptions {
  readonly method: string;
  /** Where a function serves several; absent otherwise. */
  readonly path?: string;
  /** The path is below /regions/{region}. */
  readonly region?: string;
  readonly imageId?: string;
  readonly token?: string;
  /** A string goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body comes in base64, as an HTTP API sends what it takes for binary. */
  readonly base64?: boolean;
  /** What the function has left when it starts; 15 minutes when absent. */
  readonly timeoutMs?: number;
}

const textOf = ({ body, base64 = false }: RequestOptions): string | undefined => {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return text !== undefined && base64 ? Buffer.from(text).toString('base64') : text;
};

/** The event that an HTTP API makes of a request (payload 2.0), as far as functions read it. */
export const httpEvent = (options: RequestOptions): APIGatewayProxyEventV2 => {
  const { method, path = '/v2/images/{image_id}', region, imageId, token, base64 = false, headers } = options;
  const prefix = region === undefined ? '' : '/regions/';
  const event = {
    version: '2.0',
    routeKey: `ANY ${prefix && `${prefix}{region}`}${path}`,
    // An HTTP API decodes it.
    rawPath: `${prefix}${region ?? ''}${path.replace('{image_id}', imageId ?? '')}`,
    headers: { ...headers, ...(token !== undefined && { 'x-auth-token': token }) },
    requestContext: { http: { method } },
    pathParameters: { image_id: imageId, ...(region !== undefined && { region }) },
    isBase64Encoded: base64,
    body: textOf(options),
  };
  return event as unknown as APIGatewayProxyEventV2;
};

/** @param timeoutMs what the function has left when it starts */
export const lambdaContext = (timeoutMs = 900_000): Context => {
  const end = Date.now() + timeoutMs;
  const context = {
    awsRequestId: randomUUID(),
    functionName: 'test',
    memoryLimitInMB: '1024',
    getRemainingTimeInMillis: () => end - Date.now(),
  };
  return context as unknown as Context;
};
