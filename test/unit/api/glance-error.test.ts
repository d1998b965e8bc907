import { describe, expect, test } from 'vitest';
import { errorForm, glanceError } from '../../../lib/api/glance-error.ts';
import { FerryError } from '../../../lib/errors.ts';

const error = new FerryError(
  'bad-request',
  "'glance_region' needs to be set for <glance-download> import method",
);

describe('an error comes in the form that its reader can read', () => {
  const cases = [
    ['application/json', 'curl/8', 'ferry', 'json'],
    ['application/json', 'curl/8', 'glance', 'json'],
    ['*/*', 'curl/8', 'ferry', 'json'],
    [undefined, undefined, 'ferry', 'json'],
    ['text/html,application/xhtml+xml', 'Mozilla', 'ferry', 'html'],
    ['text/plain', 'curl/8', 'ferry', 'text'],
    // As upstream: HTML to whom takes anything.
    ['*/*', 'curl/8', 'glance', 'html'],
    [undefined, undefined, 'glance', 'html'],
    // It looks for messages within the values of a JSON error and finds none in Glance's own form.
    ['*/*', 'python-glanceclient', 'ferry', 'html'],
    ['application/json', 'python-glanceclient', 'ferry', 'json'],
  ] as const;

  test.each(cases)('Accept %s of %s under contract %s: %s', (accept, userAgent, contract, form) => {
    expect(errorForm({ accept, userAgent, contract })).toBe(form);
  });
});

test('an error as JSON has message, code and title', () => {
  const answer = glanceError(error, 'json');
  expect(answer).toMatchObject({ statusCode: 400, headers: { 'content-type': 'application/json' } });
  expect(JSON.parse(answer.body ?? '')).toEqual({
    message: error.message,
    code: '400 Bad Request',
    title: 'Bad Request',
  });
});

test("an error as HTML is webob's page, with the message escaped", () => {
  expect(glanceError(error, 'html')).toEqual({
    statusCode: 400,
    headers: { 'content-type': 'text/html; charset=UTF-8' },
    body: `<html>
 <head>
  <title>400 Bad Request</title>
 </head>
 <body>
  <h1>400 Bad Request</h1>
  &#x27;glance_region&#x27; needs to be set for &lt;glance-download&gt; import method<br /><br />



 </body>
</html>`,
  });
});

test('an error as text has status, title and message', () => {
  expect(glanceError(error, 'text').body).toBe(`400 Bad Request\n\n${error.message}`);
});
