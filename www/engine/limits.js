/** What is accepted, made of `src/limits.rs` by `WRITE_LIMITS=1 cargo test --test limits`. */

/** The largest image file, in bytes; one that is larger is refused before it is read. */
export const MAX_TILE_BYTES = 200_000_000;

/** The most pixels of an image: 50 megapixels are 400 MB at 16 bits and 4 channels, which a browser tab can hold. */
export const MAX_TILE_PIXELS = 50_000_000;

/** The shortest side of an image, in pixels; smaller ones hold nothing to classify. */
export const MIN_TILE_SIDE_PX = 8;

/** The longest side of an image, in pixels: all pixels in rows of the shortest. */
export const MAX_TILE_SIDE_PX = 6_250_000;

/** The most classes that a user tells apart. */
export const MAX_CLASSES = 50;

/** The most classes of a model file: ImageNet-21k has 21,841. */
export const MAX_MODEL_CLASSES = 32_768;

/** The widest hidden layer of a head: a wider one learns nothing more, and Adam keeps three numbers a weight. */
export const MAX_DENSE_NEURONS = 4096;

/** The most epochs of a run. */
export const MAX_EPOCHS = 10_000;

/** The largest side of a network's input, in pixels; a backbone of stride 32 has no use for more. */
export const MAX_INPUT_SIDE_PX = 1024;

/** The largest model file or checkpoint, in bytes: a MobileNetV3-Small of 21,000 classes takes 90 MB, with what its optimiser keeps three times as much. */
export const MAX_MODEL_BYTES = 536_870_912;

/** The most arrays of a model file or checkpoint: a MobileNetV3-Small has 244, with what its optimiser keeps three times as many. */
export const MAX_MODEL_ARRAYS = 10_000;
