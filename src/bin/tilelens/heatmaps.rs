//! `classify --heatmap`: each tile as a picture, with where its class is seen over it.

use std::collections::HashSet;
use std::io::Cursor;
use std::path::{Component, Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};
use image::{ImageFormat, RgbImage};
use pollster::block_on;
use tilelens::model::classifier::Classifier;
use tilelens::tile::{Tile, scaled};

use super::files::write;

/// The longest side of a picture in pixels: what is seen is as fine as 7 × 7 cells.
const MAX_SIDE_PX: u32 = 1024;

/// Opacity of the colours where nothing speaks for the class, and where most does; as on the page.
const OPACITY: [f32; 2] = [0.35, 0.7];

/// Where the pictures go.
pub struct Pictures {
    folder: PathBuf,
    /// What all tiles lie in: below it their folders are mirrored.
    common: PathBuf,
}

impl Pictures {
    /// Pictures in `folder` of the files that the arguments named. Nothing is written yet.
    ///
    /// # Errors
    ///
    /// When a picture would lie where tiles are: it would be taken for one, or take the place of one.
    pub fn new(folder: &Path, arguments: &[PathBuf], files: &[PathBuf]) -> Result<Self> {
        let roots: Vec<PathBuf> =
            arguments.iter().filter(|path| path.is_dir()).map(|path| plain(path)).collect::<Result<_>>()?;
        let whole = plain(folder)?;
        if let Some(root) = roots.iter().find(|root| whole.starts_with(root)) {
            bail!(
                "{} lies in {}, where its pictures would be taken for tiles: name another folder",
                folder.display(),
                root.display()
            );
        }
        let files: HashSet<PathBuf> = files.iter().map(|path| plain(path)).collect::<Result<_>>()?;
        let parents = files.iter().filter_map(|path| path.parent().map(Path::to_path_buf));
        let common = parents.chain(roots).reduce(|one, other| shared(&one, &other)).unwrap_or_default();
        let pictures = Self { folder: whole, common };
        for file in &files {
            let path = pictures.path_of(file)?;
            if files.contains(&path) {
                bail!(
                    "the picture of {} would take the place of a tile: name another folder",
                    file.display()
                );
            }
        }
        Ok(pictures)
    }

    /// Writes the picture of a tile for a class.
    pub fn write(&self, file: &Path, tile: &Tile, class: usize, classifier: &Classifier) -> Result<()> {
        let heatmap = block_on(classifier.heatmap(tile, Some(class)))?;
        let longest = tile.width_px.max(tile.height_px);
        let side = |px: u32| match longest > MAX_SIDE_PX {
            true => ((u64::from(px) * u64::from(MAX_SIDE_PX) / u64::from(longest)) as u32).max(1),
            false => px,
        };
        let (width_px, height_px) = (side(tile.width_px), side(tile.height_px));
        let mut rgb = scaled(tile, width_px, height_px);
        for (pixel, share) in
            rgb.as_chunks_mut::<3>().0.iter_mut().zip(heatmap.over_tile(width_px, height_px))
        {
            // What the network does not see stays as it is.
            if !share.is_nan() {
                *pixel = laid_over(*pixel, share);
            }
        }
        let picture = RgbImage::from_raw(width_px, height_px, rgb).context("a picture has its pixels")?;
        let mut png = Cursor::new(Vec::new());
        picture.write_to(&mut png, ImageFormat::Png)?;
        write(&self.path_of(file)?, png.get_ref())
    }

    /// The tile's whole name stays in its picture's, so that `a.jpg` and `a.tif` have pictures of their own.
    fn path_of(&self, file: &Path) -> Result<PathBuf> {
        let file = plain(file)?;
        let below = file.strip_prefix(&self.common).context("all tiles lie in one folder")?;
        let mut path = self.folder.join(below).into_os_string();
        path.push(".png");
        Ok(path.into())
    }
}

/// A pixel with the colour of a share over it.
fn laid_over(pixel: [u8; 3], share: f32) -> [u8; 3] {
    let colorous::Color { r, g, b } = colorous::INFERNO.eval_continuous(f64::from(share));
    let [least, most] = OPACITY;
    let opacity = least + (most - least) * share;
    let mixed = |below: u8, above: u8| {
        (f32::from(below) + (f32::from(above) - f32::from(below)) * opacity).round() as u8
    };
    [mixed(pixel[0], r), mixed(pixel[1], g), mixed(pixel[2], b)]
}

/// An absolute path without `.` and `..`, so that none leads out of the folder of the pictures.
fn plain(path: &Path) -> Result<PathBuf> {
    let mut parts = PathBuf::new();
    for part in absolute(path).with_context(|| format!("{} is no path", path.display()))?.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    Ok(parts)
}

/// The folder that both lie in.
fn shared(one: &Path, other: &Path) -> PathBuf {
    one.components().zip(other.components()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(arguments: &[&str], file: &str) -> String {
        let arguments: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
        let pictures = Pictures::new(Path::new("/out"), &arguments, &arguments).unwrap();
        pictures.path_of(Path::new(file)).unwrap().to_str().unwrap().replace('\\', "/")
    }

    #[test]
    fn pictures_mirror_folders_and_never_leave_their_own() {
        assert_eq!(path_of(&["/a/x.jpg"], "/a/x.jpg"), "/out/x.jpg.png");
        assert_eq!(path_of(&["/a/b/x.jpg", "/a/c/x.tif"], "/a/b/x.jpg"), "/out/b/x.jpg.png");
        assert_eq!(path_of(&["/a/b/../x.jpg", "/a/b/x.jpg"], "/a/b/../x.jpg"), "/out/x.jpg.png");
        assert_eq!(path_of(&["x/../../y.jpg", "x/z.jpg"], "x/z.jpg").matches("..").count(), 0);
    }

    #[test]
    fn a_picture_takes_the_place_of_no_tile() {
        let files = ["/a/x.jpg", "/a/x.jpg.png"].map(PathBuf::from);
        assert!(Pictures::new(Path::new("/a"), &files, &files).is_err());
        assert!(Pictures::new(Path::new("/b"), &files, &files).is_ok());
        let folder = std::env::temp_dir();
        assert!(Pictures::new(&folder.join("heat"), &[folder], &files).is_err());
    }
}
