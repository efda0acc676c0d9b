//! Writes bad image files, to be dropped on the page:
//! `cargo run --release --example hostile_images -- FOLDER COUNT SEED`.

#[path = "../tests/hostile/mod.rs"]
mod hostile;

use std::env;
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let [folder, count, seed] = <[String; 3]>::try_from(env::args().skip(1).collect::<Vec<_>>())
        .map_err(|_| "give a folder, a count and a seed, such as: hostile 1000 1")?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let images = hostile::HostileImages::new(seed.parse()?);
    for number in 0..count.parse()? {
        let image = images.make(number);
        std::fs::write(folder.join(image.name), image.bytes)?;
    }
    Ok(())
}
