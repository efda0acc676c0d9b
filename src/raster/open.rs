//! A TIFF file's directories → the picture, its overviews and masks, and what each band is.

use super::georeference::{Georeference, world_file};
use super::metadata::{BandMetadata, Metadata, parse_number};
use super::tiff::tags::photometric;
use super::tiff::{Blocks, Codec, Directory, Image, SampleKind, directories, tags};
use super::{RasterError, Source};

/// An open raster: blocks are fetched and decoded as windows ask for them.
pub struct Raster<'a> {
    pub(super) source: Box<dyn Source + 'a>,
    /// The picture first, then its overviews from large to small.
    pub(super) levels: Vec<Level>,
    pub(super) blocks: Blocks,
    description: Description,
}

/// The picture or an overview of it.
pub(super) struct Level {
    pub image: Image,
    /// Zero where there is no data.
    pub mask: Option<Image>,
}

/// Files that stand beside the image, as text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sidecars<'a> {
    /// A world file: `.tfw`, `.wld`, `.jgw` …
    pub world: Option<&'a str>,
    /// GDAL's `.aux.xml`.
    pub aux_xml: Option<&'a str>,
}

/// What a raster is.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether the numbers are whole, signed or floating-point.
    pub kind: SampleKind,
    /// Bits a number.
    pub bits: u32,
    /// The bands, in the order of the file; palettes have one.
    pub bands: Vec<Band>,
    /// How the blocks are compressed.
    pub codec: Codec,
    /// Width and height of a tile; `None` for strips.
    pub tile: Option<[u32; 2]>,
    /// Whether each band is stored by itself.
    pub band_interleaved: bool,
    /// Red, green and blue of each index, 16 bits each; empty without a palette.
    pub palette: Vec<[u16; 3]>,
    /// Whether small numbers are white.
    pub white_is_zero: bool,
    /// Whether a mask says where there is no data.
    pub has_mask: bool,
    /// Widths and heights of the overviews.
    pub overviews: Vec<[u32; 2]>,
    /// Pictures in the file, overviews and masks aside.
    pub pages: usize,
    /// Which of them this is, from 0.
    pub page: usize,
    /// EXIF's orientation; 1 is upright.
    pub orientation: u64,
    /// Where the pixels lie on Earth, in the file's coordinate reference system; empty where the file does not say.
    pub georeference: Georeference,
}

/// A band.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// What the file claims that the band shows.
    pub colour: Colour,
    /// Its name, what is no data in it, its scale, offset and statistics.
    pub metadata: BandMetadata,
}

/// What a band is said to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Brightness: one band serves as all three colours.
    Grey,
    /// Indices into [`Description::palette`].
    Palette,
    /// The red channel.
    Red,
    /// The green channel.
    Green,
    /// The blue channel.
    Blue,
    /// Opacity, as the file claims.
    Alpha,
    /// The file does not say, as with most bands of satellites.
    Undefined,
}

impl<'a> Raster<'a> {
    /// Reads the directories of a TIFF file.
    ///
    /// # Errors
    ///
    /// [`RasterError`] where it is none, or of a kind that is not read.
    pub fn open(source: impl Source + 'a) -> Result<Self, RasterError> {
        Self::open_beside(source, Sidecars::default())
    }

    /// The same, with what the files beside it say.
    ///
    /// # Errors
    ///
    /// As [`Raster::open`]. A sidecar that makes no sense is left out.
    pub fn open_beside(source: impl Source + 'a, sidecars: Sidecars<'_>) -> Result<Self, RasterError> {
        let source: Box<dyn Source + 'a> = Box::new(source);
        let directories = directories(&*source)?;
        let chain = Chain::read(&*source, &directories)?;
        let directory = &directories[chain.main];
        let main = chain.images[chain.main].clone().expect("the picture was read");
        let georeference = Georeference::read(&*source, directory)?;
        let mut metadata = directory.text(&*source, tags::GDAL_METADATA)?.map(|xml| Metadata::of_tag(&xml));
        if let Some(aux) = sidecars.aux_xml.map(Metadata::of_aux_xml) {
            let known = metadata.get_or_insert_default();
            (known.transform, known.keys) = (aux.transform, aux.keys);
            known.bands.resize(known.bands.len().max(aux.bands.len()), BandMetadata::default());
            known.bands.iter_mut().zip(&aux.bands).for_each(|(known, more)| known.overlay(more));
        }
        let metadata = metadata.unwrap_or_default();
        let no_data = directory.text(&*source, tags::GDAL_NODATA)?.and_then(|text| parse_number(&text));
        let mut description = describe(&main, &metadata, no_data, georeference);
        let place = &mut description.georeference;
        place.overlay(metadata.keys, metadata.transform);
        place.transform = place.transform.or(sidecars.world.and_then(world_file));
        (description.pages, description.page) = (chain.pages, chain.page);

        let overviews = chain.overviews();
        let mut levels = vec![Level { image: main, mask: None }];
        levels.extend(overviews.into_iter().map(|image| Level { image, mask: None }));
        for level in &mut levels {
            level.mask = chain.mask(level.image.width, level.image.height);
        }
        description.has_mask = levels[0].mask.is_some();
        // An overview without its mask would show ground where there is none.
        levels.retain(|level| !description.has_mask || level.mask.is_some());
        description.overviews =
            levels[1..].iter().map(|level| [level.image.width, level.image.height]).collect();
        Ok(Self { source, levels, blocks: Blocks::default(), description })
    }

    /// What it is.
    pub fn description(&self) -> &Description {
        &self.description
    }
}

/// A file of fewer pixels is a tile of a scene, and no scene.
const SCENE_PIXELS: u64 = 1_000_000;

impl Description {
    /// Whether it is likely to be one tile of many, whose own numbers say little of the range of all.
    pub fn is_small(&self) -> bool {
        u64::from(self.width) * u64::from(self.height) < SCENE_PIXELS
    }

    /// What files must share to be stretched alike; nothing where a palette has the colours.
    pub fn likeness(&self) -> Option<String> {
        if !self.palette.is_empty() {
            return None;
        }
        let bands =
            self.bands.iter().map(|Band { colour, metadata }| (colour, &metadata.name, metadata.no_data));
        let bands = bands.collect::<Vec<_>>();
        Some(format!("{:?} {} {} {bands:?}", self.kind, self.bits, self.white_is_zero))
    }
}

/// The directories of a file, understood where they can be.
struct Chain {
    images: Vec<Option<Image>>,
    main: usize,
    pages: usize,
    page: usize,
}

impl Chain {
    fn read(source: &dyn Source, directories: &[Directory]) -> Result<Self, RasterError> {
        let read: Vec<_> = directories.iter().map(|directory| Image::read(source, directory)).collect();
        let is_page = |image: &Image| image.subfile_type & (tags::REDUCED | tags::MASK) == 0;
        let pages: Vec<usize> =
            (0..read.len()).filter(|&index| read[index].as_ref().map_or(index == 0, is_page)).collect();
        let pixels = |index: usize| {
            read[index].as_ref().map_or(0, |image| u64::from(image.width) * u64::from(image.height))
        };
        let first = pages.first().copied().unwrap_or(0);
        // A page that is the picture of another in small is its thumbnail, flagged as such or not.
        let largest =
            pages.iter().copied().max_by_key(|&index| (pixels(index), usize::MAX - index)).unwrap_or(0);
        let main = match (&read[first], &read[largest]) {
            (Ok(small), Ok(large)) if is_thumbnail(small, large) => largest,
            _ => first,
        };
        if let Err(error) = &read[main] {
            return Err(error.clone());
        }
        let page = pages.iter().position(|&index| index == main).unwrap_or(0);
        let images = read.into_iter().map(Result::ok).collect();
        Ok(Self { images, main, pages: pages.len().max(1), page })
    }

    fn overviews(&self) -> Vec<Image> {
        let main = self.images[self.main].as_ref().expect("the picture was read");
        let alike = |image: &&Image| {
            image.subfile_type & tags::REDUCED != 0
                && image.subfile_type & tags::MASK == 0
                && (image.samples, image.bits, image.kind) == (main.samples, main.bits, main.kind)
                && image.photometric == main.photometric
                && is_smaller(image, main)
        };
        let mut overviews: Vec<Image> = self.images.iter().flatten().filter(alike).cloned().collect();
        overviews.sort_by_key(|image| std::cmp::Reverse(image.width));
        overviews
    }

    fn mask(&self, width: u32, height: u32) -> Option<Image> {
        let is_mask = |image: &&Image| {
            (image.subfile_type & tags::MASK != 0 || image.photometric == photometric::MASK)
                && (image.width, image.height, image.samples) == (width, height, 1)
        };
        self.images.iter().flatten().find(is_mask).cloned()
    }
}

/// Whether one is the other in small: no side larger, and of the same shape up to the rounding of sides.
fn is_smaller(small: &Image, large: &Image) -> bool {
    let [a, b, c, d] = [small.width, small.height, large.width, large.height].map(f64::from);
    let shrunk = c / a;
    a < c && b <= d && (d / shrunk - b).abs() <= 1.5 + 0.02 * b
}

/// Whether the first page is only a preview of another.
fn is_thumbnail(first: &Image, largest: &Image) -> bool {
    is_smaller(first, largest) && first.width <= largest.width / 2
}

fn describe(
    image: &Image,
    metadata: &Metadata,
    no_data: Option<f64>,
    georeference: Georeference,
) -> Description {
    let bands = (0..image.samples).map(|index| {
        let mut known = metadata.bands.get(index).cloned().unwrap_or_default();
        known.no_data = known.no_data.or(no_data);
        let colour = known.colour.as_deref().and_then(named_colour).unwrap_or_else(|| colour(image, index));
        Band { colour, metadata: known }
    });
    Description {
        width: image.width,
        height: image.height,
        kind: image.kind,
        bits: image.bits,
        bands: bands.collect(),
        codec: image.codec,
        tile: image.tiled.then_some([image.block_width, image.block_height]),
        band_interleaved: image.planar,
        palette: image.palette.clone(),
        white_is_zero: image.photometric == photometric::WHITE_IS_ZERO,
        has_mask: false,
        overviews: Vec::new(),
        pages: 1,
        page: 0,
        orientation: image.orientation,
        georeference,
    }
}

/// What the directory says of a band, as GDAL understands it.
fn colour(image: &Image, index: usize) -> Colour {
    let (colours, first): (usize, &[Colour]) = match image.photometric {
        photometric::RGB | photometric::CMYK => (3, &[Colour::Red, Colour::Green, Colour::Blue]),
        photometric::PALETTE => (1, &[Colour::Palette]),
        _ => (1, &[Colour::Grey]),
    };
    if image.samples >= colours && index < colours {
        return first[index];
    }
    match index.checked_sub(image.samples - image.extra_samples.len().min(image.samples)) {
        Some(extra) if is_alpha(image.extra_samples[extra]) => Colour::Alpha,
        _ => Colour::Undefined,
    }
}

fn is_alpha(extra: u64) -> bool {
    extra == u64::from(tags::ASSOCIATED_ALPHA) || extra == u64::from(tags::UNASSOCIATED_ALPHA)
}

fn named_colour(name: &str) -> Option<Colour> {
    Some(match name.to_ascii_lowercase().as_str() {
        "gray" | "grey" => Colour::Grey,
        "red" => Colour::Red,
        "green" => Colour::Green,
        "blue" => Colour::Blue,
        "alpha" => Colour::Alpha,
        "undefined" => Colour::Undefined,
        _ => return None,
    })
}
