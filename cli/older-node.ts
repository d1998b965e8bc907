import tls from 'node:tls';

// What Node 20 does not have yet of what the command's code uses; put before all of it by the build.

/** Of connections that name no CA of their own: tls.connect makes its context by the module's own function. */
const trustMore = (added: readonly string[]): void => {
  const { createSecureContext } = tls;
  tls.createSecureContext = (options) => {
    const made = createSecureContext(options);
    if (options?.ca === undefined) for (const pem of added) made.context.addCACert(pem);
    return made;
  };
};
// Types of Node 24 say that they are always there.
const older: Partial<Pick<typeof tls, 'getCACertificates' | 'setDefaultCACertificates'>> = tls;
older.getCACertificates ??= () => [...tls.rootCertificates];
older.setDefaultCACertificates ??= (all) => {
  const known = new Set(tls.rootCertificates);
  trustMore(all.filter((pem): pem is string => typeof pem === 'string' && !known.has(pem)));
};

Map.groupBy ??= <Key, Item>(
  items: Iterable<Item>,
  keyOf: (item: Item, index: number) => Key,
): Map<Key, Item[]> => {
  const groups = new Map<Key, Item[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index);
    groups.set(key, [...(groups.get(key) ?? []), item]);
    index += 1;
  }
  return groups;
};

Promise.withResolvers ??= <Value>(): PromiseWithResolvers<Value> => {
  let resolve: PromiseWithResolvers<Value>['resolve'] = () => undefined;
  let reject: PromiseWithResolvers<Value>['reject'] = () => undefined;
  const promise = new Promise<Value>((resolves, rejects) => {
    [resolve, reject] = [resolves, rejects];
  });
  return { promise, resolve, reject };
};
