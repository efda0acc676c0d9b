//! What GDAL keeps beside the numbers: names, scales, offsets and statistics of bands, in the tag GDAL_METADATA and in
//! `.aux.xml` files (PAM).

use roxmltree::{Document, Node, ParsingOptions};

use super::georeference::{GeoKeys, Transform};
use super::wkt::geo_keys;

/// More nodes than a band of any sensor has metadata.
const MOST_NODES: u32 = 100_000;

/// What stands for a band.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BandMetadata {
    /// The band's name as the file gives it, such as `B04` or `NIR`.
    pub name: Option<String>,
    /// GDAL's name of a colour: `Red`, `Gray`, `Undefined` …
    pub colour: Option<String>,
    /// The number that stands for no data.
    pub no_data: Option<f64>,
    /// What the file's numbers are multiplied by to get physical ones. Nothing here does so: the stretch works on the
    /// numbers as they stand in the file.
    pub scale: Option<f64>,
    /// What is added after the multiplication by [`scale`](Self::scale).
    pub offset: Option<f64>,
    /// The smallest number of the band, in the file's numbers, as whoever wrote the file computed it.
    pub minimum: Option<f64>,
    /// The largest number, likewise.
    pub maximum: Option<f64>,
    /// The mean of the numbers, likewise.
    pub mean: Option<f64>,
    /// The standard deviation of the numbers, likewise.
    pub deviation: Option<f64>,
}

/// What stands for a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    pub bands: Vec<BandMetadata>,
    pub transform: Option<Transform>,
    /// The CRS.
    pub keys: Option<GeoKeys>,
}

impl Metadata {
    /// Of the tag GDAL_METADATA; nothing where it is no such XML.
    pub fn of_tag(xml: &str) -> Self {
        let mut metadata = Self::default();
        let Some(document) = parse(xml) else { return metadata };
        for item in document.descendants().filter(|node| node.has_tag_name("Item")) {
            let sample = item.attribute("sample").and_then(|sample| sample.parse().ok());
            let Some(band) = sample.and_then(|sample: usize| metadata.band(sample)) else { continue };
            let key = item.attribute("role").filter(|role| !role.is_empty()).or(item.attribute("name"));
            if let (Some(key), Some(value)) = (key, item.text()) {
                band.take(key, value);
            }
        }
        metadata
    }

    /// Of an `.aux.xml` file; nothing where it is none.
    pub fn of_aux_xml(xml: &str) -> Self {
        let mut metadata = Self::default();
        let Some(document) = parse(xml) else { return metadata };
        let root = document.root_element();
        metadata.keys = child(root, "SRS").and_then(geo_keys);
        metadata.transform = child(root, "GeoTransform").and_then(|text| {
            let numbers: Vec<f64> = text.split(',').map_while(|word| word.trim().parse().ok()).collect();
            numbers.try_into().ok()
        });
        for node in root.children().filter(|node| node.has_tag_name("PAMRasterBand")) {
            let number = node.attribute("band").and_then(|number| number.parse::<usize>().ok());
            let Some(band) = number.and_then(|number| metadata.band(number.checked_sub(1)?)) else {
                continue;
            };
            for key in ["Description", "ColorInterp", "NoDataValue", "Scale", "Offset"] {
                if let Some(value) = child(node, key) {
                    band.take(key, value);
                }
            }
            for item in node.descendants().filter(|node| node.has_tag_name("MDI")) {
                if let (Some(key), Some(value)) = (item.attribute("key"), item.text()) {
                    band.take(key, value);
                }
            }
        }
        metadata
    }

    fn band(&mut self, index: usize) -> Option<&mut BandMetadata> {
        if index >= usize::from(u16::MAX) {
            return None;
        }
        if self.bands.len() <= index {
            self.bands.resize(index + 1, BandMetadata::default());
        }
        self.bands.get_mut(index)
    }
}

impl BandMetadata {
    /// What `other` knows counts more.
    pub fn overlay(&mut self, other: &Self) {
        let Self { name, colour, no_data, scale, offset, minimum, maximum, mean, deviation } = other.clone();
        self.name = name.or(self.name.take());
        self.colour = colour.or(self.colour.take());
        self.no_data = no_data.or(self.no_data);
        self.scale = scale.or(self.scale);
        self.offset = offset.or(self.offset);
        self.minimum = minimum.or(self.minimum);
        self.maximum = maximum.or(self.maximum);
        self.mean = mean.or(self.mean);
        self.deviation = deviation.or(self.deviation);
    }

    fn take(&mut self, key: &str, value: &str) {
        let value = value.trim();
        let number = || parse_number(value);
        match key {
            "description" | "Description" | "DESCRIPTION" if !value.is_empty() => {
                self.name = Some(value.into())
            }
            "colorinterp" | "ColorInterp" => self.colour = Some(value.into()),
            "NoDataValue" => self.no_data = number(),
            "scale" | "Scale" => self.scale = number(),
            "offset" | "Offset" => self.offset = number(),
            "STATISTICS_MINIMUM" => self.minimum = number(),
            "STATISTICS_MAXIMUM" => self.maximum = number(),
            "STATISTICS_MEAN" => self.mean = number(),
            "STATISTICS_STDDEV" => self.deviation = number(),
            _ => {}
        }
    }
}

/// A number as GDAL writes it, `nan` and `-inf` among them.
pub fn parse_number(text: &str) -> Option<f64> {
    text.trim().trim_end_matches('\0').parse().ok()
}

fn parse(xml: &str) -> Option<Document<'_>> {
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(xml.trim_start_matches('\u{feff}').trim(), options).ok()
}

fn child<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.children().find(|child| child.has_tag_name(name)).and_then(|child| child.text())
}
