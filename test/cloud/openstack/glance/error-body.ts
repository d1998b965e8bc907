import { STATUS_CODES } from 'node:http';
import { preferredType } from './accept.ts';
import type { GlanceError } from './errors.ts';

export interface ErrorContext {
  readonly method: string;
  readonly contentType: string;
  readonly accept: string | undefined;
}

export interface ErrorBody {
  readonly contentType: string;
  readonly text: string;
}

/** webob's names, which differ from Node's for two codes. */
const titles: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  416: 'Request Range Not Satisfiable',
};

export const titleOf = (status: number): string => titles[status] ?? STATUS_CODES[status] ?? 'Unknown';

/** The body of an error as webob writes it: HTML, JSON or plain text by the Accept header. */
export function errorBody(error: GlanceError, context: ErrorContext): ErrorBody {
  const title = titleOf(error.status);
  const status = `${error.status} ${title}`;
  switch (preferredType(context.accept, ['text/html', 'application/json'])) {
    case 'text/html':
      return { contentType: 'text/html; charset=UTF-8', text: page(status, filled(error, context, escaped)) };
    case 'application/json': {
      const message = filled(error, context, String);
      return { contentType: 'application/json', text: JSON.stringify({ message, code: status, title }) };
    }
    default: {
      const body = withoutTags(filled(error, context, String));
      return { contentType: 'text/plain; charset=UTF-8', text: `${status}\n\n${body}` };
    }
  }
}

/** webob's body templates: 405 and 415 have their own. */
function filled(error: GlanceError, context: ErrorContext, quoted: (text: string) => string): string {
  const detail = quoted(error.detail);
  switch (error.status) {
    case 405:
      return `The method ${context.method} is not allowed for this resource. <br /><br />\n${detail}`;
    case 415:
      return `The request media type ${context.contentType} is not supported by this server.\n<br /><br />\n${detail}`;
    default:
      return `${quoted(error.message)}<br /><br />\n${detail}\n\n`;
  }
}

function page(status: string, body: string): string {
  return `<html>\n <head>\n  <title>${status}</title>\n </head>\n <body>\n  <h1>${status}</h1>\n  ${body}\n </body>\n</html>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function withoutTags(html: string): string {
  return html
    .replaceAll('\n', ' ')
    .replace(/<br.*?>/gi, '\n')
    .replace(/<.*?>/g, '');
}
