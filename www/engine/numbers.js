/** Sizes that the engine and whoever asks it agree on. */

/** The flips and quarter turns of a square. */
export const VIEWS = 8;
