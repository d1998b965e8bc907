import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { serve } from '../cloud/openstack/http/server.ts';

/** Answers one path; the response is as node:http has it. */
export type Page = (response: ServerResponse, request: IncomingMessage) => void;

export interface WebServer {
  readonly url: string;
  /** By path without query; others are 404. */
  readonly pages: Map<string, Page>;
  /** What came in, with query and all headers. */
  readonly requests: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
  stop(): Promise<void>;
}

/** A web server on 127.0.0.1 from which images are downloaded. */
export const startWebServer = async (): Promise<WebServer> => {
  const pages: WebServer['pages'] = new Map();
  const requests: WebServer['requests'] = [];
  const { url, stop } = await serve(async (request, response) => {
    const { url: asked = '', headers } = request;
    requests.push({ url: asked, headers });
    const page = pages.get(asked.replace(/\?.*$/, ''));
    if (page) page(response, request);
    else response.writeHead(404, { 'content-type': 'text/plain' }).end(`no page ${asked}`);
  }, 0);
  return { url, pages, requests, stop };
};

/** A page of bytes, with a Content-Length unless `chunked`. */
export const bytesPage =
  (bytes: Buffer, { chunked = false } = {}): Page =>
  (response) => {
    response.writeHead(200, chunked ? {} : { 'content-length': bytes.length });
    response.end(bytes);
  };

export const redirectPage =
  (location: string, status = 302): Page =>
  (response) => {
    response.writeHead(status, { location }).end();
  };
