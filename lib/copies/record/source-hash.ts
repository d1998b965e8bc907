import type { SourceDescription } from '../../download/download.ts';
import type { Hash } from '../../state/copy.ts';
import { isKnownAlgorithm } from '../../transfer/algorithms.ts';
import { isResumable } from '../../transfer/resumable-digest.ts';

/** Glance's default `hashing_algorithm`: what a target will most likely be compared by. */
export const targetAlgorithm = 'sha512';

const isHex = ({ value }: Hash): boolean => /^([0-9a-f]{2})+$/.test(value);

const computable = ({ hashes }: Pick<SourceDescription, 'hashes'>): readonly Hash[] =>
  hashes.filter((hash) => isHex(hash) && (isKnownAlgorithm(hash.algorithm) || isResumable(hash.algorithm)));

/** What a source's bytes are held against: the strongest hash of its record that anybody here can compute. */
export const strongestHash = (source: Pick<SourceDescription, 'hashes'>): Hash | undefined =>
  computable(source).at(0);

/**
 * What a finished object is held against, which may take several runs to read: the strongest hash whose digest one run
 * can leave to the next; else the strongest one, for which a single run must do.
 */
export const hashToRead = (source: Pick<SourceDescription, 'hashes'>): Hash | undefined =>
  computable(source).find(({ algorithm }) => isResumable(algorithm)) ?? strongestHash(source);
