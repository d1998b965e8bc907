interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

/**
 * Which of `offers` the Accept header prefers: by quality, then in the order of the offers.
 * No header accepts everything; undefined when nothing is acceptable.
 */
export function preferredType(header: string | undefined, offers: readonly string[]): string | undefined {
  const ranges = (header || '*/*').split(',').map(parseRange);
  const ranked = offers
    .map((offer) => ({ offer, quality: qualityOf(offer, ranges) }))
    .filter(({ quality }) => quality > 0)
    .sort((left, right) => right.quality - left.quality);
  return ranked[0]?.offer;
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((piece) => piece.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return { type, quality: quality === undefined ? 1 : Number(quality) || 0 };
}

/** The most specific range that covers the offer decides. */
function qualityOf(offer: string, ranges: readonly MediaRange[]): number {
  const family = `${offer.split('/')[0]}/*`;
  for (const wanted of [offer, family, '*/*']) {
    const found = ranges.find((range) => range.type === wanted);
    if (found) return found.quality;
  }
  return 0;
}
