import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import { useFerry } from '../integration/use-ferry.ts';
import { useWebServer } from '../integration/use-web-server.ts';

const formats = { disk_format: 'raw', container_format: 'bare' };
const count = 6;
/** As many as the tests' pollers have at work. */
const concurrency = { STREAM_CONCURRENCY: '4', APPLY_CONCURRENCY: '4' };
const web = useWebServer();
const ferry = useFerry(() => ({
  env: { ...concurrency, OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: new URL(web.url).port },
}));

/** A page whose answers wait until they are let go. */
const holdPage = (path: string): { readonly held: number; letGo(): void } => {
  const waiting: ServerResponse[] = [];
  const answer = (response: ServerResponse) =>
    void response.writeHead(200, { 'content-length': 4 }).end('data');
  web.pages.set(path, (response) => void waiting.push(response));
  return {
    get held() {
      return waiting.length;
    },
    letGo: () => {
      web.pages.set(path, answer);
      waiting.forEach(answer);
    },
  };
};

/** Asks for a web-download into a new image. @returns the image's id */
const importInto = async (owner: string, path: string, token: string): Promise<string> => {
  const { id: imageId } = await ferry.openstack.regions.REGION2.createImage({
    name: 'copy',
    owner,
    ...formats,
  });
  const body = { method: { name: 'web-download', uri: `${web.url}${path}` } };
  const answer = await ferry.http('import-image', { method: 'POST', imageId, token, body });
  expect(answer).toMatchObject({ status: 201 });
  return imageId;
};

test("a project's waiting imports do not hold up another project's import, and end when it is their turn", async () => {
  const [flooding, other] = [ferry.openstack.issueToken('demo'), ferry.openstack.issueToken('other')];
  const [flood, single] = [holdPage('/flood'), holdPage('/single')];
  single.letGo();
  const images: string[] = [];
  for (let asked = 0; asked < count; asked += 1) images.push(await importInto('demo', '/flood', flooding));
  while (flood.held < 2) await delay(20);

  const image = await importInto('other', '/single', other);
  expect(await ferry.finished(image, other)).toMatchObject({ status: 'success' });
  expect(flood.held).toBe(2);

  flood.letGo();
  for (const id of images) expect(await ferry.finished(id, flooding)).toMatchObject({ status: 'success' });
  await expectNothingLeft(ferry);
});
