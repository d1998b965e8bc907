// Events for tests, as pipelines write them.

export const imageId = '6f7a1c4e-0d2b-4a8e-9c31-5b1f0e7d9a20';
export const source = { region: 'REGION1', image_id: imageId };

/** The smallest there is. */
export const toRegion2 = { source, targets: [{ region: 'REGION2' }] };

/** All that may be said of a target. */
export const inFull = {
  source,
  targets: [
    {
      region: 'REGION2',
      name: 'Ubuntu 24.04',
      visibility: 'public',
      properties: { os_distro: 'ubuntu', hw_disk_bus: 'virtio' },
      tags: ['lts'],
      members: ['0c3a'],
      protected: true,
      hidden: false,
    },
    { region: 'REGION3' },
  ],
  identity: 'name',
  retire_older: true,
};

/** What EventBridge hands on. */
export const onBus = (detail: unknown, type: unknown = 'Image Published') => ({
  version: '0',
  id: '7bf73129-1428-4cd3-a780-95db273d1602',
  'detail-type': type,
  source: 'images.factory',
  account: '123456789012',
  time: '2026-11-26T20:00:00Z',
  region: 'eu-central-1',
  resources: [],
  detail,
});

export const cloudEvent = (data: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  specversion: '1.0',
  type: 'glance-ferry.image.published',
  source: '/images/factory',
  id: '42',
  datacontenttype: 'application/json',
  data,
  ...more,
});

export const binaryHeaders = {
  'ce-specversion': '1.0',
  'Ce-Type': 'glance-ferry.image.published',
  'ce-source': '/images/factory',
  'ce-id': '42',
};
