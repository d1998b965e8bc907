import { STATUS_CODES } from 'node:http';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { FerryError } from '../errors.ts';

/** The forms that webob gives Glance's errors. */
export type ErrorForm = 'json' | 'html' | 'text';

export interface ErrorReader {
  /** Header Accept. */
  readonly accept?: string | undefined;
  /** Header User-Agent. */
  readonly userAgent?: string | undefined;
  /** What a reader gets who takes anything: JSON of us, HTML of upstream. */
  readonly contract: 'ferry' | 'glance';
}

/**
 * python-glanceclient accepts anything and then cannot read Glance's own JSON errors: it looks for a message within
 * each value (glanceclient/exc.py, from_response) and dies of an AttributeError. It reads Glance's HTML well.
 */
const readsHtmlOnly = ({ userAgent = '' }: ErrorReader): boolean =>
  userAgent.startsWith('python-glanceclient');

/** Which form a reader gets: what Accept names, else the contract's own. */
export const errorForm = (reader: ErrorReader): ErrorForm => {
  const { accept = '' } = reader;
  if (accept.includes('application/json')) return 'json';
  if (accept.includes('text/html')) return 'html';
  if (accept.includes('text/plain')) return 'text';
  return reader.contract === 'glance' || readsHtmlOnly(reader) ? 'html' : 'json';
};

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
};
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

const html = (title: string, message: string): string => `<html>
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
  ${escapeHtml(message)}<br /><br />



 </body>
</html>`;

/** webob's name where it is not Node's. */
const titles: Readonly<Record<number, string>> = { 413: 'Request Entity Too Large' };

/** An error as Glance answers it: `{message, code, title}`, or webob's page, or plain text. */
export const glanceError = (
  { status, message }: Pick<FerryError, 'status' | 'message'>,
  form: ErrorForm,
): APIGatewayProxyStructuredResultV2 => {
  const title = titles[status] ?? STATUS_CODES[status] ?? 'Error';
  const code = `${status} ${title}`;
  const bodies = {
    json: () => ({ type: 'application/json', body: JSON.stringify({ message, code, title }) }),
    html: () => ({ type: 'text/html; charset=UTF-8', body: html(code, message) }),
    text: () => ({ type: 'text/plain; charset=UTF-8', body: `${code}\n\n${message}` }),
  };
  const { type, body } = bodies[form]();
  return { statusCode: status, headers: { 'content-type': type }, body };
};
