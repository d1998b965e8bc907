import { STATUS_CODES } from 'node:http';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { FerryError } from '../errors.ts';

/** An error as Glance answers it to `Accept: application/json` (webob): message, code, title. */
export const glanceError = ({ status, message }: FerryError): APIGatewayProxyStructuredResultV2 => {
  const title = STATUS_CODES[status] ?? 'Error';
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message, code: `${status} ${title}`, title }),
  };
};
