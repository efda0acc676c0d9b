//! Bad image files, made from good ones: each seed and number gives the same file on every machine.

mod bombs;
mod damage;
mod exif;
mod originals;
pub mod png;
mod sizes;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use originals::Original;

/// A file that a page must survive.
pub struct HostileImage {
    /// Number, what was done to it, and an extension, which may lie as well.
    pub name: String,
    pub bytes: Vec<u8>,
}

type Make = fn(&[Original], &mut ChaCha8Rng) -> Vec<u8>;

/// What is done to good files, and how often of a hundred.
const KINDS: [(&str, u32, Make); 14] = [
    ("flipped-bits", 18, damage::flipped_bits),
    ("runs", 8, damage::runs),
    ("cut", 12, damage::cut),
    ("spliced", 10, damage::spliced),
    ("moved", 6, damage::moved),
    ("repeated", 4, damage::repeated),
    ("magic", 4, damage::noise_after_magic),
    ("polyglot", 6, damage::polyglot),
    ("size", 14, sizes::lying),
    ("exif", 7, exif::deep),
    ("kind", 7, png::any_kind),
    ("thin", 1, sizes::thin),
    ("bomb", 2, bombs::small),
    ("good", 1, damage::untouched),
];

/// The largest pictures that are accepted come this rarely: they cost hundreds of megabytes. Every other one is a bomb.
const LARGE_EVERY: u64 = 250;

/// The makers of hostile images with a seed.
pub struct HostileImages {
    originals: Vec<Original>,
    seed: u64,
}

impl HostileImages {
    pub fn new(seed: u64) -> Self {
        Self { originals: originals::all(), seed }
    }

    /// The image of that number.
    pub fn make(&self, number: u64) -> HostileImage {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed.wrapping_mul(1 << 32).wrapping_add(number));
        let (kind, make) = if number % LARGE_EVERY == LARGE_EVERY - 1 {
            let is_bomb = number / LARGE_EVERY % 2 == 1;
            if is_bomb { ("large-bomb", bombs::large_bomb as Make) } else { ("large", bombs::large as Make) }
        } else {
            let mut ticket = random.random_range(0..KINDS.iter().map(|(_, share, _)| share).sum());
            let (kind, _, make) = KINDS
                .into_iter()
                .find(|(_, share, _)| match u32::checked_sub(ticket, *share) {
                    Some(left) => {
                        ticket = left;
                        false
                    }
                    None => true,
                })
                .expect("the ticket is below the sum of all shares");
            (kind, make)
        };
        let extension = ["jpg", "png", "webp", "gif", "bmp", "tif", "dat"][random.random_range(0..7)];
        HostileImage {
            name: format!("{number:05}-{kind}.{extension}"),
            bytes: make(&self.originals, &mut random),
        }
    }
}
