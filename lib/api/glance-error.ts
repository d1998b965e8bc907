import { STATUS_CODES } from 'node:http';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { FerryError } from '../errors.ts';

/** webob's name where it is not Node's. */
const titles: Readonly<Record<number, string>> = { 413: 'Request Entity Too Large' };

/** An error as Glance answers it to `Accept: application/json` (webob): message, code, title. */
export const glanceError = ({ status, message }: FerryError): APIGatewayProxyStructuredResultV2 => {
  const title = titles[status] ?? STATUS_CODES[status] ?? 'Error';
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message, code: `${status} ${title}`, title }),
  };
};
