import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventOf } from '../../../bridge/event.ts';
import { readNotification } from '../../../bridge/notification.ts';
import { bodiesOf, doings } from './recorded.ts';
import { allRegions } from './rules.ts';

const read = (body: string | Uint8Array) => readNotification(body);
const [upload = ''] = bodiesOf('upload').slice(3);

test('a recorded notification tells its kind, its Glance and its record, as text and as bytes', () => {
  const expected = {
    kind: 'notification',
    eventType: 'image.upload',
    priority: 'INFO',
    publisherId: 'image.r1',
    messageId: '9c118010-d06e-4718-8b14-c82cda312305',
    payload: expect.objectContaining({ status: 'active', name: 'Debian 13' }),
  };
  expect(read(upload)).toEqual(expected);
  expect(read(Buffer.from(upload))).toEqual(expected);
});

test('one of driver `messaging`, without an envelope, is read as well', () => {
  const message = { event_type: 'image.update', payload: { status: 'active' } };
  expect(read(JSON.stringify(message))).toMatchObject({
    kind: 'notification',
    priority: '',
    publisherId: '',
  });
});

test.each([
  ['', 'The body is no JSON'],
  ['{"oslo.version": "2.0", "oslo.message": "{"}', 'oslo.message is no JSON'],
  ['{"oslo.version": "2.0"}', 'It is no notification of oslo.messaging'],
  ['[]', 'It is no notification of oslo.messaging'],
  ['{"event_type": 7, "payload": {}}', 'It is no notification of oslo.messaging'],
  [' '.repeat(16 * 1024 ** 2 + 1), 'It has 16777217 bytes; 16777216 are read at most'],
])('what cannot be read says why (%#)', (body, reason) => {
  expect(read(body)).toEqual({ kind: 'poison', reason });
});

test('a reason repeats nothing of what was sent', () => {
  expect(JSON.stringify(read('{"secret'))).not.toContain('secret');
});

test('no message throws, whatever it says, nor does what is read from it', () => {
  const kinds = ['notification', 'poison'];
  const throwsNothing = (body: string | Uint8Array): void => {
    const found = read(body);
    expect(kinds).toContain(found.kind);
    if (found.kind === 'notification') eventOf(found, 'REGION1', allRegions);
  };
  const nested = fc.nat(100_000).map((depth) => '['.repeat(depth) + ']'.repeat(depth));
  const status = fc.constantFrom('active', 'queued', 7, null);
  const id = fc.constantFrom('9c118010-d06e-4718-8b14-c82cda312305', 'x', 7);
  const payload = fc.oneof(
    fc.jsonValue(),
    fc.record({ id, status, properties: fc.jsonValue(), owner: fc.jsonValue() }),
  );
  const message = fc
    .record({
      event_type: fc.constantFrom('image.update', 'task.run', ''),
      payload,
      priority: fc.jsonValue(),
    })
    .map((one) => JSON.stringify(one));
  const enveloped = fc
    .oneof(message, fc.string(), nested)
    .map((text) => JSON.stringify({ 'oslo.message': text }));
  const cut = fc
    .tuple(fc.constantFrom(...doings.flatMap(bodiesOf)), fc.nat(2000))
    .map(([body, at]) => body.slice(0, at));
  const deep = nested.map(
    (text) => `{"event_type":"image.update","payload":{"status":"active","x":${text}}}`,
  );
  const bytes = fc.uint8Array({ maxLength: 200 });
  fc.assert(fc.property(fc.oneof(bytes, fc.string(), message, enveloped, cut, nested, deep), throwsNothing));
});
