//! What stands beside the map so that GIS programs show names and colours at once.

use roxmltree::Document;

use super::ClassMap;

/// GDAL's `.aux.xml`: the names of the numbers.
pub fn aux_xml(map: &ClassMap) -> String {
    let names = std::iter::once("").chain(map.names());
    let categories: String =
        names.map(|name| format!("      <Category>{}</Category>\n", escaped(name))).collect();
    format!(
        "<PAMDataset>\n  <PAMRasterBand band=\"1\">\n    <CategoryNames>\n{categories}    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n"
    )
}

/// The names in an `.aux.xml`, by number; nothing where there are none.
pub fn category_names(aux_xml: &str) -> Vec<String> {
    let Ok(document) = Document::parse(aux_xml) else { return Vec::new() };
    let categories = document.descendants().filter(|node| node.has_tag_name("Category"));
    categories.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

/// A style of QGIS: a colour and a name for each class.
pub fn qml(map: &ClassMap) -> String {
    let names = map.names();
    let entries = names.iter().zip(map.colours()).enumerate();
    let entries: String = entries
        .map(|(index, (name, [red, green, blue]))| {
            format!(
                "        <paletteEntry value=\"{}\" color=\"#{red:02x}{green:02x}{blue:02x}\" alpha=\"255\" label=\"{}\"/>\n",
                index + 1,
                escaped(name)
            )
        })
        .collect();
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.28.0\" hasScaleBasedVisibilityFlag=\"0\" styleCategories=\"Symbology\">\n  <pipe>\n    <rasterrenderer type=\"paletted\" band=\"1\" opacity=\"1\" alphaBand=\"-1\" nodataColor=\"\">\n      <colorPalette>\n{entries}      </colorPalette>\n    </rasterrenderer>\n  </pipe>\n</qgis>\n"
    )
}

/// Text as it stands in XML. What XML has no way to say is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
