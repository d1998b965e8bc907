// What is wrong with an answer, where it matters whether another try may help. Everything else is an Error as it comes.

/** An answer that does not say where it ends, or says so in two ways: nobody can tell its bytes (RFC 9112 6.3). */
export class UnframedAnswer extends Error {}

/** A connection that its peer ended in order, before the body that it had promised: nothing broke. */
export class EndedEarly extends Error {}

/** A peer that sends, but so slowly that it would hold a step for ever. */
export class TooSlow extends Error {}
