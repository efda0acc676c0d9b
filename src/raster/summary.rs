//! A raster in a few lines, as `gdalinfo` would describe it.

use std::borrow::Cow;

use super::colours::Prepared;
use super::open::{Band, Colour, Description};
use super::stretch::short;
use super::{Codec, SampleKind};

/// More bands than this are counted, and not listed.
const LISTED_BANDS: usize = 16;

/// Size, numbers, storage, place, bands, and how it would be shown.
pub fn summary(description: &Description, prepared: &Prepared) -> Vec<String> {
    let mut lines = vec![size(description), storage(description), place(description)];
    lines.extend(bands(description));
    let [red, green, blue] = prepared.stretch.bands;
    let shown = match (description.palette.is_empty(), red == green && green == blue) {
        (false, _) => "shown by its palette".to_owned(),
        (_, true) => format!("shown in grey: band {red}"),
        _ => format!("shown in colours: bands {red}, {green} and {blue}"),
    };
    lines.push(shown);
    lines.extend(prepared.notes.iter().map(|note| format!("  {note}")));
    lines
}

fn size(description: &Description) -> String {
    let Description { width, height, bands, .. } = description;
    let many = if bands.len() == 1 { "" } else { "s" };
    format!("{width} × {height} pixels, {} band{many} of {}", bands.len(), numbers(description))
}

/// The type of a raster's numbers.
pub fn numbers(description: &Description) -> String {
    let kind = match description.kind {
        SampleKind::Unsigned => "unsigned integers",
        SampleKind::Signed => "signed integers",
        SampleKind::Float => "floating-point numbers",
    };
    format!("{} bits, {kind}", description.bits)
}

fn storage(description: &Description) -> String {
    let mut parts = vec![match description.tile {
        Some([width, height]) => format!("tiles of {width} × {height}"),
        None => "strips".into(),
    }];
    if description.codec == Codec::None {
        parts.push("not compressed".into());
    } else {
        parts.push(description.codec.name().into());
    }
    if description.bands.len() > 1 {
        parts.push(if description.band_interleaved { "band by band" } else { "pixel by pixel" }.into());
    }
    if description.has_mask {
        parts.push("a mask".into());
    }
    if !description.overviews.is_empty() {
        let sizes = description.overviews.iter().map(|[width, height]| format!("{width} × {height}"));
        parts.push(format!("overviews of {}", sizes.collect::<Vec<_>>().join(", ")));
    }
    if description.pages > 1 {
        parts.push(format!("picture {} of {}", description.page + 1, description.pages));
    }
    format!("stored in {}", parts.join(", "))
}

fn place(description: &Description) -> String {
    let place = &description.georeference;
    let crs = match (place.epsg(), place.crs_name()) {
        (Some(epsg), Some(name)) => format!("EPSG:{epsg}, {name}"),
        (Some(epsg), None) => format!("EPSG:{epsg}"),
        (None, Some(name)) => name,
        (None, None) => "no CRS".into(),
    };
    let (Some([left, _, _, top, _, _]), Some([across, down])) = (place.transform, place.pixel_size()) else {
        return match place.control_points {
            0 => format!("{crs}, no place on Earth"),
            points => format!("{crs}, {points} control points"),
        };
    };
    let unit = if place.is_geographic() { "degrees" } else { "units" };
    let size = if across == down { short(across) } else { format!("{} × {}", short(across), short(down)) };
    format!("{crs}, {size} {unit} a pixel, upper left corner at {left}, {top}")
}

fn bands(description: &Description) -> Vec<String> {
    let listed = description.bands.iter().take(LISTED_BANDS).enumerate();
    let mut lines: Vec<String> =
        listed.map(|(index, band)| format!("band {}: {}", index + 1, self::band(band))).collect();
    // A line a band only where there is something to say.
    let is_plain = |band: &Band| band.metadata == description.bands[0].metadata;
    if description.bands.iter().all(is_plain) && description.bands[0].metadata.name.is_none() {
        let none = description.bands[0].metadata.no_data;
        lines = none.map(|none| format!("no data: {}", short(none))).into_iter().collect();
    }
    if lines.len() == LISTED_BANDS && description.bands.len() > LISTED_BANDS {
        lines.push(format!("and {} bands more", description.bands.len() - LISTED_BANDS));
    }
    lines
}

impl Band {
    /// Whether nothing says what it shows.
    pub fn is_nameless(&self) -> bool {
        self.metadata.name.is_none() && self.colour == Colour::Undefined
    }

    /// What it is called, or else what it shows.
    pub fn name(&self) -> Cow<'static, str> {
        if let Some(name) = &self.metadata.name {
            return Cow::Owned(name.clone());
        }
        Cow::Borrowed(match self.colour {
            Colour::Grey => "grey",
            Colour::Palette => "palette",
            Colour::Red => "red",
            Colour::Green => "green",
            Colour::Blue => "blue",
            Colour::Alpha => "opacity",
            Colour::Undefined => "undefined",
        })
    }
}

fn band(band: &Band) -> String {
    let metadata = &band.metadata;
    let mut parts = vec![band.name().into_owned()];
    if let (Some(minimum), Some(maximum)) = (metadata.minimum, metadata.maximum) {
        parts.push(format!("{} to {}", short(minimum), short(maximum)));
    }
    if metadata.scale.is_some() || metadata.offset.is_some() {
        let (scale, offset) = (metadata.scale.unwrap_or(1.0), metadata.offset.unwrap_or(0.0));
        parts.push(format!("scale {}, offset {}", short(scale), short(offset)));
    }
    if let Some(none) = metadata.no_data {
        parts.push(format!("no data {}", short(none)));
    }
    parts.join(", ")
}
